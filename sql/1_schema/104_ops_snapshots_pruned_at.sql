-- When a run removed it; null while it is to be there.
alter table ops.snapshots add column if not exists pruned_at timestamptz
