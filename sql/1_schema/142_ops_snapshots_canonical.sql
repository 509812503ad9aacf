-- The newest of ops.canonical_changes whose outcome the snapshot shows; null if
-- that is not known.
alter table ops.snapshots add column if not exists canonical_run_id varchar
