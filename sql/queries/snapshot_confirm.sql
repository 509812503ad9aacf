-- Notes that the snapshot shows what canonical.spend holds now.
update ops.snapshots

set
    canonical_run_id = (
        select max(run_id)
        from ops.canonical_changes
    )

where snapshot_id = $snapshot_id
