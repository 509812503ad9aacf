insert into raw.cursors (
    job_id, source, run_id, read_id,
    purpose, state,
    window_from, window_to,
    started_at, updated_at
)

with

slots as (

    select unnest(
        from_json($slots, '[{
            "read_id": "VARCHAR", "purpose": "VARCHAR",
            "window_from": "VARCHAR", "window_to": "VARCHAR"
        }]'),
        max_depth := 2
    )

)

select
    $job_id as job_id,
    $source as source,
    $run_id as run_id,
    read_id,
    purpose,
    'pending' as state,
    window_from::date as window_from,
    window_to::date as window_to,
    $now as started_at,
    $now as updated_at

from slots
