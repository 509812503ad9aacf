-- ops.checks: what the reads of windows have proven.

-- name: add
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

from checks;

-- name: details
-- The windows of a source that were proven since a job began.
select detail

from ops.checks

where check_name = 'window_complete'
    and source = $source
    and passed
    and checked_at >= $since;

-- name: last_passed
-- The newest check of each subject that was passed.
select
    subject,
    arg_max(detail, checked_at) as detail,
    max(checked_at) as checked_at

from ops.checks

where check_name = $check_name
    and source = $source
    and passed
    and checked_at <= $now    -- a clock that was ahead

group by subject;

-- name: subjects
select distinct subject

from ops.checks

where check_name = $check_name
    and source = $source

order by subject;
