-- raw.cursors: the state of each window of each job.

-- name: list
select
    coalesce(read_id, '') as read_id,
    purpose,
    state,
    window_from,
    window_to,
    started_at,
    updated_at

from raw.cursors

where job_id = $job_id

order by
    purpose,
    window_from;

-- name: reads
-- Reads that a killed run has not finished.
select read_id

from raw.cursors

where source = $source
    and state in ('pending', 'reading')
    and read_id is not null;

-- name: set
merge into raw.cursors as cursors

using (

    select
        read_id,
        purpose,
        state,
        window_from::date as window_from,
        window_to::date as window_to,
        $job_id as job_id,
        $source as source,
        $run_id as run_id,
        $started_at as started_at,
        $now as updated_at

    from (

        select unnest(
            from_json($slots, '[{
                "read_id": "VARCHAR", "purpose": "VARCHAR", "state": "VARCHAR",
                "window_from": "VARCHAR", "window_to": "VARCHAR"
            }]'),
            max_depth := 2
        )

    )

) as slots
    on cursors.job_id = slots.job_id
    and cursors.purpose = slots.purpose
    and cursors.window_from is not distinct from slots.window_from

when matched then
    update set
        run_id = slots.run_id,
        read_id = slots.read_id,
        state = slots.state,
        updated_at = slots.updated_at

when not matched then
    insert by name;

-- name: remove
delete from raw.cursors where job_id = $job_id;
