insert into ops.snapshots (
    snapshot_id, run_id, path, rows, logical_hash, manifest, created_at
)
values (
    $snapshot_id, $run_id, $path, $rows, $logical_hash, $manifest, $created_at
)
