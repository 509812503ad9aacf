update raw.cursors

set
    run_id = $run_id,
    read_id = slots.read_id,
    state = $state,
    updated_at = $now

from (

    select unnest(
        from_json($slots, '[{
            "read_id": "VARCHAR", "purpose": "VARCHAR",
            "window_from": "VARCHAR"
        }]'),
        max_depth := 2
    )

) as slots

where cursors.job_id = $job_id
    and cursors.purpose = slots.purpose
    and cursors.window_from is not distinct from slots.window_from::date
