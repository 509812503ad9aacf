-- The newest snapshot up to a run.
select
    snapshot_id,
    run_id,
    path,
    rows,
    logical_hash,
    created_at

from ops.snapshots

where run_id <= $run_id

order by run_id desc

limit 1
