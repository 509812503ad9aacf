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
)
