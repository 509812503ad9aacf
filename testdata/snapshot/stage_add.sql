-- One stage of a run, which takes as long as the run.
insert into ops.stages by name

select
    runs.run_id,
    $stage as stage,
    $status as status,
    0 as rows_read,
    0 as rows_written,
    0 as rows_skipped,
    runs.started_at,
    runs.finished_at

from ops.runs as runs

where run_id = $run_id
