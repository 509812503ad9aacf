insert into ops.snapshots (
    snapshot_id, run_id, path, rows, logical_hash, manifest, created_at
)
values ('20261120T030000Z-cccccc', '20261120T030000Z-cccccc', '20261120T030000Z-cccccc', 4400, '9f2c4b1e6a', '{}', '2026-11-20T03:00:46Z')
