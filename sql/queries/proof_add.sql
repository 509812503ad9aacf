insert into ops.checks (
    run_id, stage, check_name, source, subject, passed,
    expected, actual, detail,
    checked_at
)

with

checks as (

    select unnest(
        from_json($checks, '[{
            "check_name": "VARCHAR", "subject": "VARCHAR", "passed": "BOOLEAN",
            "expected": "VARCHAR", "actual": "VARCHAR", "detail": "VARCHAR"
        }]'),
        max_depth := 2
    )

)

select
    $run_id as run_id,
    $stage as stage,
    check_name,
    $source as source,
    subject,
    passed,
    expected,
    actual,
    detail,
    $checked_at as checked_at

from checks
