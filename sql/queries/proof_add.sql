insert into ops.checks (
    run_id, stage, check_name, source, subject, passed,
    expected, actual, detail,
    checked_at
)
values (
    $run_id, $stage, $check_name, $source, $subject, $passed,
    $expected, $actual, $detail,
    $checked_at
)
