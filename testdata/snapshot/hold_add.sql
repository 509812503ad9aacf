-- A batch of a run whose outcome is not known.
insert into delivery.batches by name

select
    'batch-1' as batch_id,
    $run_id as run_id,
    'host/app-1' as target,
    'app-1' as app_id,
    'finance' as record_schema,
    'unknown' as state,
    '' as sha256,
    '' as file,
    1 as attempt,
    1 as records,
    1 as first_no,
    1 as last_no,
    false as doubtful,
    $planned_at as planned_at
