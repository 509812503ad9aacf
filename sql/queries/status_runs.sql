select
    run_id,
    command,
    status,
    coalesce(error, '') as error,
    started_at,
    finished_at

from ops.runs

order by run_id desc

limit $limit
