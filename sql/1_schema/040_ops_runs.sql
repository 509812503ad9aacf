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
)
