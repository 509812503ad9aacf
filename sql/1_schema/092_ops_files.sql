-- One of the user's files, by the key that names it in the configuration, as it
-- was last read without a fault. While the file is missing or faulty, this copy
-- is used. Rates have the key fx, whether from a file or an address.
create table if not exists ops.files (
    key varchar not null,                -- such as rules_file
    path varchar not null,
    sha256 varchar not null,             -- of the file
    -- As read; of rates, with the days and currencies of the files before.
    content blob not null,
    read_at timestamptz not null         -- when this content was first read
)
