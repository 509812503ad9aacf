-- name: 010_pages
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
);

-- name: 012_cursors
-- Where a job stands: one row per window of one look-back, sweep or backfill.
-- The cursor inside a window is a column of its read's newest page.
create table if not exists raw.cursors (

    ---------- ids
    job_id varchar not null,             -- purpose, source, a backfill's range
    source varchar not null,
    run_id varchar not null,             -- that wrote this row last
    read_id varchar,                     -- of the read in progress, or the last

    ---------- text
    purpose varchar not null,            -- window, created, backfill, sweep
    state varchar not null,              -- pending, reading, done, …

    ---------- dates
    window_from date,                    -- null = no lower bound
    window_to date,                      -- exclusive; null = no upper bound

    ---------- timestamps
    started_at timestamptz not null,     -- of the job
    updated_at timestamptz not null
);

-- name: 066_pages_faults
-- What is wrong with single objects of a page, as a JSON list: ordinal,
-- record_id, reason, detail, opaque. Null: nothing. An outcome may also be
-- `damaged`: the file could not be read before its records landed.
alter table raw.pages add column if not exists faults varchar;

-- name: 120_pages_journal
-- The journal that has its line. Null: it is of a version without journals.
-- A response that brought no news has a line only: its file is empty.
alter table raw.pages add column if not exists journal varchar;

-- name: 121_pages_lost
-- Whether its file was missing or damaged when it was verified last; null = it
-- was not. Objects that were seen there last count as news.
alter table raw.pages add column if not exists lost boolean;

-- name: 123_journals
-- How far a job's journal is in raw.pages and raw.records. One row per
-- landing; the largest counts.
create table if not exists raw.journals (
    source varchar not null,
    journal varchar not null,            -- its file's name, without .jsonl
    bytes bigint not null                -- that have landed
);
