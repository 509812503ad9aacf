-- One thing a run proved, or failed to prove.
create table if not exists ops.checks (
    run_id varchar not null,
    stage varchar not null,
    -- a file of 6_checks, window_complete, …
    check_name varchar not null,
    source varchar,
    -- such as the window 2026-01-01/2026-02-01
    subject varchar,
    passed boolean not null,
    expected varchar,
    actual varchar,
    detail varchar,                      -- JSON with what else is known
    checked_at timestamptz not null
)
