-- The settings of a DuckDB instance, and where its warehouse is attached.

-- name: attach_file
-- {location} is replaced by a quoted text: attach takes no parameters. Small
-- row groups limit memory while long payloads are written.
attach if not exists {location} as warehouse (
    storage_version 'v1.4.0',
    row_group_size 30720
);

-- name: attach_lake
-- {location} and {data_path} are replaced by quoted texts.
attach if not exists {location} as warehouse (data_path {data_path});

-- name: attach_motherduck
attach if not exists {location} as warehouse;

-- name: attach_copy
-- A new file, for all that a lake holds.
attach {location} as lake_copy (
    storage_version 'v1.4.0',
    row_group_size 30720
);

-- name: copy_lake
copy from database warehouse to lake_copy;

-- name: detach_copy
detach lake_copy;

-- name: load_extension
-- {location} is a file, or the name of an extension that is installed.
load {location};

-- name: add_secret
-- The access to the bucket of a lake.
create or replace secret lake (
    type s3,
    key_id $key_id,
    secret $secret,
    session_token $session_token,
    region $region,
    endpoint $endpoint,
    url_style $url_style,
    use_ssl $use_ssl
);

-- name: use
use warehouse;

-- name: set_autoinstall
set global autoinstall_known_extensions = $value;

-- name: set_autoload
set global autoload_known_extensions = $value;

-- name: set_flush_threshold
-- How much a thread may free before that goes back to the system. By default
-- each one keeps 128 MB.
set global allocator_flush_threshold = $value;

-- name: set_bulk_flush_threshold
set global allocator_bulk_deallocation_flush_threshold = $value;

-- name: set_disabled_optimizers
set global disabled_optimizers = $value;

-- name: set_insertion_order
set global preserve_insertion_order = false;

-- name: set_memory_limit
set global memory_limit = $value;

-- name: set_temp_directory
set global temp_directory = $value;

-- name: set_threads
set global threads = $value;

-- name: reset_threads
-- As many as the machine has.
reset global threads;

-- name: set_time_zone
-- So that no result depends on the server's time zone.
set TimeZone = 'UTC';
