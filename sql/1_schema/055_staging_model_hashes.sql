-- The SQL file that one typed table was filled with. Once the file is another,
-- the table is filled anew from raw.records.
create table if not exists staging.model_hashes (
    file varchar not null,
    hash varchar not null                -- sha256 of its text
)
