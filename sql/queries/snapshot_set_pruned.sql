update ops.snapshots

set pruned_at = $now

where snapshot_id = $snapshot_id
    and pruned_at is null
