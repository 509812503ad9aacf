insert into ops.runs by name

select
    $run_id as run_id,
    'run' as command,
    'ok' as status,
    '' as version,
    '' as config_hash,
    $started_at as started_at,
    $finished_at as finished_at
