-- One moment at which a scheduled job was due, and what became of it.
create table if not exists ops.slots (
    job varchar not null,                -- a source, load, sweep
    due_at timestamptz not null,
    outcome varchar not null,            -- ran, caught_up, skipped, missed
    run_id varchar,
    recorded_at timestamptz not null
)
