-- One source, as the newest load saw it.
create table if not exists delivery.source_loads (
    source varchar not null,
    run_id varchar not null,
    -- the newest load that held nothing of it, null = none yet
    unheld_run_id varchar,
    -- of the settings that decide what is due
    settings_hash varchar not null
)
