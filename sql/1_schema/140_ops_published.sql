-- The copy for analysts that was written last: one row at most.
create table if not exists ops.published (
    run_id varchar not null,
    shows varchar not null,              -- hash of all but the rows about runs
    sha256 varchar not null,             -- of the file
    bytes bigint not null,
    published_at timestamptz not null
)
