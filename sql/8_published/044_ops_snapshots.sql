create table ops.snapshots as

select * exclude (manifest, pruned_at, canonical_run_id)

from warehouse.ops.snapshots
