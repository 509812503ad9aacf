create table ops.runs as

select
    run_id,
    command,
    status,
    error,
    version,
    config_hash,
    started_at,
    finished_at

from warehouse.ops.runs
