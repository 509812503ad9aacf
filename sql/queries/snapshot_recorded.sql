-- Whether a snapshot is one of this warehouse's, and whether canonical.spend
-- was not touched since it was last seen to be what the snapshot shows.
select
    coalesce(bool_or(true), false) as recorded,
    coalesce(
        bool_or(
            canonical_run_id = (
                select max(run_id)
                from ops.canonical_changes
            )
        ),
        false
    ) as untouched

from ops.snapshots

where snapshot_id = $snapshot_id
    and pruned_at is null
