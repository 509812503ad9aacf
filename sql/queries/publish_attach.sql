-- {location} is replaced by a quoted text: attach takes no parameters. The
-- storage is the oldest there is, so that every DuckDB from 1.0 reads the file.
attach {location} as published
