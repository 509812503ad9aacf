-- The snapshots that are to be there, the newest first.
select snapshot_id

from ops.snapshots

where pruned_at is null

order by snapshot_id desc
