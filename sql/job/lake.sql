-- The upkeep of a lake (DuckLake's functions are described in its manual).

-- name: flush
-- Small writes are in the catalog until this moves them into files.
select count(*) as tables from ducklake_flush_inlined_data('warehouse');

-- name: rewrite
-- A file of which rows were deleted is merged with no other.
select count(*) as files
from ducklake_rewrite_data_files('warehouse', delete_threshold => 0);

-- name: merge
select count(*) as tables from ducklake_merge_adjacent_files('warehouse');

-- name: expired
-- The versions of the lake that no transaction reads any more, with what only
-- they need. Past states of spend do not depend on them.
select count(*)

from ducklake_expire_snapshots(
    'warehouse', older_than => $yesterday, dry_run => $dry_run
);

-- name: unused
-- Files that no version of the lake names: some since an earlier upkeep, others
-- since a process was killed while it wrote them. A day is longer than any
-- transaction that may yet name them.
select
    (
        select count(*)

        from ducklake_cleanup_old_files(
            'warehouse', older_than => $yesterday, dry_run => $dry_run
        )
    )
    + (
        select count(*)

        from ducklake_delete_orphaned_files(
            'warehouse', older_than => $yesterday, dry_run => $dry_run
        )
    ) as files;
