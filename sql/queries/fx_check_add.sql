insert into ops.checks by name

select
    $run_id as run_id,
    'transform' as stage,
    $check_name as check_name,
    $source as source,
    $subject as subject,
    $passed as passed,
    $expected as expected,
    $actual as actual,
    $detail as detail,
    $checked_at::timestamptz as checked_at
