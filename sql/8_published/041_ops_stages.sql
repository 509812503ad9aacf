create table ops.stages as

select
    run_id,
    stage,
    status,
    error,
    rows_read,
    rows_written,
    rows_skipped,
    started_at,
    finished_at

from warehouse.ops.stages
