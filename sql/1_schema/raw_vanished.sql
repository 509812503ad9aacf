-- name: 013_absences
-- One living object that a proven read of its window did not find. When a job
-- ends it becomes a tombstone, or waits for a second proven read without it; a
-- sighting removes it.
create table if not exists raw.absences (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    read_id varchar not null,            -- that missed it
    missed_at timestamptz not null
);

-- name: 014_vanished
-- One living object that a run listed as vanished instead of marking it as
-- gone, because too many were; or, without an object, links that lack. It
-- waits until somebody accepts it, or until it is found again.
create table if not exists raw.vanished (

    ---------- ids
    source varchar not null,
    stream varchar not null,
    record_id varchar,                   -- null = the links that detail lists
    run_id varchar not null,             -- that listed it last

    ---------- text
    detail varchar,                      -- JSON: how many links lack, by month
    who varchar,                         -- accepted it
    note varchar,

    ---------- timestamps
    listed_at timestamptz not null,
    accepted_at timestamptz,             -- null = waits
    closed_at timestamptz                -- marked as gone, or found again
);
