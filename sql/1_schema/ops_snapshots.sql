-- name: 045_snapshots
-- One Parquet snapshot that became visible.
create table if not exists ops.snapshots (
    snapshot_id varchar not null,
    run_id varchar not null,
    path varchar not null,               -- relative to the snapshots folder
    rows bigint not null,
    logical_hash varchar not null,
    manifest json not null,
    created_at timestamptz not null
);

-- name: 104_snapshots_pruned_at
-- When a run removed it; null while it is to be there.
alter table ops.snapshots add column if not exists pruned_at timestamptz;

-- name: 140_published
-- The copy for analysts that was written last: one row at most.
create table if not exists ops.published (
    run_id varchar not null,
    shows varchar not null,              -- hash of all but the rows about runs
    sha256 varchar not null,             -- of the file
    bytes bigint not null,
    published_at timestamptz not null
);

-- name: 141_canonical_changes
-- One run whose transform derived records again. As long as there is no newer
-- one, canonical.* holds what it held.
create table if not exists ops.canonical_changes (
    run_id varchar not null,
    changed_at timestamptz not null
);

-- name: 142_snapshots_canonical
-- The newest of ops.canonical_changes whose outcome the snapshot shows; null if
-- that is not known.
alter table ops.snapshots add column if not exists canonical_run_id varchar;

-- name: 158_published_views
-- Hash of the analysts' views in the warehouse itself, if it is a lake.
alter table ops.published add column if not exists views varchar;
