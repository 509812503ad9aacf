create or replace view runs as

select
    runs.run_id,
    runs.command,
    runs.status,
    runs.error,
    runs.version,
    runs.started_at,
    runs.finished_at,
    snapshots.snapshot_id,
    snapshots.rows as snapshot_rows,
    snapshots.logical_hash

from ops.runs as runs

left join ops.snapshots as snapshots
    on runs.run_id = snapshots.run_id
