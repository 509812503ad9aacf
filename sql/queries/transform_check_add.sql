insert into ops.checks by name

select
    $run_id as run_id,
    'transform' as stage,
    $check_name as check_name,
    $passed as passed,
    $detail as detail,
    $checked_at::timestamptz as checked_at
