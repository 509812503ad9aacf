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
)
