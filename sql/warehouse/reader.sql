-- The published file, opened read-only for users' statements.

-- name: attach
-- The published file, as DuckDB's own shell would name it. {location} is
-- replaced by a quoted text: attach takes no parameters.
attach {location} as spend (read_only);

-- name: use
use spend;

-- name: set_temp_directory
-- Nothing is spilled to disk: no folder needs to be writable.
set global temp_directory = '';

-- name: set_allowed_path
-- The one file that an export writes.
set global allowed_paths = [$value];

-- name: set_external_access
-- No other file, no network, no extension. It cannot be enabled again.
set global enable_external_access = false;

-- name: set_lock
set global lock_configuration = true;

-- name: save_parquet
-- One select of a user takes the place of the statement.
copy (
    {statement}
) to {path} (format parquet, compression zstd, use_tmp_file false);
