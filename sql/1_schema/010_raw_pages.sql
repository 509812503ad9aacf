-- One vendor response. Its body lies verbatim in `file`, zstd-compressed and
-- named by its sha256; a body already stored adds a row that names that file.
create table if not exists raw.pages (

    ---------- ids
    page_id varchar not null,            -- UUIDv7: sorts by the time of making
    run_id varchar not null,
    source varchar not null,             -- key under `sources` in the settings
    stream varchar not null,             -- asked for: expenses, transactions
    read_id varchar not null,            -- the read: one window, one proof

    ---------- text
    purpose varchar not null,            -- window, created, recheck, …
    record_id varchar,                   -- recheck: the one object asked for
    window_from date,                    -- null = no lower bound
    window_to date,                      -- exclusive; null = no upper bound
    method varchar not null,
    url varchar not null,                -- path and query, no host, no secrets
    sha256 varchar not null,
    file varchar not null,               -- relative to the data folder
    next_cursor varchar,                 -- where it goes on; null = pass ended
    paging varchar,                      -- cursor (resumes there) or number
    outcome varchar not null,            -- page, superseded, absent, …
    message varchar,                     -- what was wrong with it

    ---------- numerics
    pass integer not null,               -- 1 … of the same read
    page_number integer not null,        -- 1 … within the pass
    status smallint not null,
    bytes bigint not null,               -- of the body, uncompressed
    records integer not null,            -- objects of `stream` in it
    expected integer,                    -- the vendor's count for the read

    ---------- booleans
    landed boolean not null,             -- split into raw.records

    ---------- timestamps
    fetched_at timestamptz not null
)
