-- ops.checks of the extraction: the proofs of windows, and what is compared.

-- name: add
insert into ops.checks by name

select
    *,
    $run_id as run_id,
    $stage as stage,
    $source as source,
    $checked_at as checked_at

from (

    select unnest(
        from_json($checks, '[{
            "check_name": "VARCHAR", "subject": "VARCHAR", "passed": "BOOLEAN",
            "expected": "VARCHAR", "actual": "VARCHAR", "detail": "VARCHAR"
        }]'),
        max_depth := 2
    )

) as checks;

-- name: details
-- The proofs of a source since a job started.
select detail

from ops.checks

where check_name = 'window_complete'
    and source = $source
    and passed
    and checked_at >= $since;

-- name: last_passed
-- The last passed check of each subject.
select
    subject,
    arg_max(detail, checked_at) as detail,
    max(checked_at) as checked_at

from ops.checks

where check_name = $check_name
    and source = $source
    and passed
    and checked_at <= $now    -- the clock may have been ahead

group by subject;

-- name: subjects
select distinct subject

from ops.checks

where check_name = $check_name
    and source = $source

order by subject;
