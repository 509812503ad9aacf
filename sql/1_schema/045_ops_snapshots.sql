-- One Parquet snapshot that became visible.
create table if not exists ops.snapshots (
    snapshot_id varchar not null,
    run_id varchar not null,
    path varchar not null,               -- relative to the snapshots folder
    rows bigint not null,
    logical_hash varchar not null,
    manifest json not null,
    created_at timestamptz not null
)
