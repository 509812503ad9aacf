-- The published file, as DuckDB's own shell would name it. {location} is
-- replaced by a quoted text: attach takes no parameters.
attach {location} as spend (read_only)
