select
    run_id,
    command,
    status,
    coalesce(error, '') as error,
    version,
    config_hash,
    started_at,
    finished_at

from ops.runs

where run_id = $run_id
