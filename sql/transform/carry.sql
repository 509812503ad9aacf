-- Rows copied from one warehouse into another through a Parquet file.

-- name: save
copy {table} to $path (format parquet);

-- name: save_records
-- What raw.records held at a moment.
copy (
    select *

    from raw.records

    where seen_at <= $moment::timestamptz
) to $path (format parquet, compression zstd);

-- name: save_names
-- The names of vendors that were fixed by a moment.
copy (
    select * from ops.vendor_names where fixed_at <= $moment
) to $path (format parquet);

-- name: load
insert into {table} by name

select * from read_parquet($path);
