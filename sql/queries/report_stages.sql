select
    stage,
    status,
    coalesce(error, '') as error,
    rows_read,
    rows_written,
    rows_skipped,
    started_at,
    finished_at

from ops.stages

where run_id = $run_id

order by started_at, stage
