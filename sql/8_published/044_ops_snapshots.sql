create table ops.snapshots as

select
    snapshot_id,
    run_id,
    path,
    rows,
    logical_hash,
    created_at

from warehouse.ops.snapshots
