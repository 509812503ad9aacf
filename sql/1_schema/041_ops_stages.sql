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
)
