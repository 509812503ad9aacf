-- The manifest of the snapshot that a run took, or found to show what it would
-- have taken: the newest one then.
select manifest::varchar as manifest

from ops.snapshots

where run_id = $run_id
    or run_id < $run_id
    and exists (
        select 1 as one
        from ops.stages
        where run_id = $run_id
            and stage = 'snapshot'
            and status = 'ok'
    )

order by run_id desc

limit 1
