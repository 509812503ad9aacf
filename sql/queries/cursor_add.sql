insert into raw.cursors (
    job_id, source, run_id, read_id,
    purpose, state,
    window_from, window_to,
    started_at, updated_at
)
values (
    $job_id, $source, $run_id, null,
    $purpose, 'pending',
    $window_from, $window_to,
    $now, $now
)
