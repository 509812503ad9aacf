insert into ops.stages (
    run_id,
    stage,
    status,
    error,
    rows_read,
    rows_written,
    rows_skipped,
    started_at,
    finished_at
)
values (
    $run_id,
    $stage,
    $status,
    $error,
    $rows_read,
    $rows_written,
    $rows_skipped,
    $started_at,
    $finished_at
)
