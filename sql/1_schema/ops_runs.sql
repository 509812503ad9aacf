-- name: 040_runs
-- One run of a command that may change state.
create table if not exists ops.runs (
    run_id varchar not null,
    command varchar not null,
    status varchar not null,             -- running, ok, needs_person, failed
    error varchar,
    version varchar not null,            -- of the program
    -- sha256 of the configuration without secrets
    config_hash varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz
);

-- name: 041_stages
-- One stage of one run.
create table if not exists ops.stages (
    run_id varchar not null,
    stage varchar not null,
    status varchar not null,             -- ok, needs_person, failed, skipped
    error varchar,
    rows_read bigint not null,
    rows_written bigint not null,
    rows_skipped bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz not null
);

-- name: 042_slots
-- One moment at which a scheduled job was due, and what became of it.
create table if not exists ops.slots (
    job varchar not null,                -- a source, load, sweep
    due_at timestamptz not null,
    outcome varchar not null,            -- ran, caught_up, skipped, missed
    run_id varchar,
    recorded_at timestamptz not null
);

-- name: 047_notifications
-- One message to the webhook that arrived there: what it was told last.
create table if not exists ops.notifications (
    run_id varchar not null,
    status varchar not null,             -- ok, needs_person, failed
    subject varchar not null,            -- what was wrong, empty = nothing
    told_at timestamptz not null
);
