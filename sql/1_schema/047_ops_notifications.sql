-- One message to the webhook that arrived there: what it was told last.
create table if not exists ops.notifications (
    run_id varchar not null,
    status varchar not null,             -- ok, needs_person, failed
    subject varchar not null,            -- what was wrong, empty = nothing
    told_at timestamptz not null
)
