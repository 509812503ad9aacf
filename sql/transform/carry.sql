-- Rows copied from one warehouse into another through a Parquet file.

-- name: records_save
-- What raw.records held at a moment.
copy (
    select *

    from raw.records

    where seen_at <= $moment::timestamptz
) to $path (format parquet, compression zstd);

-- name: records_load
insert into raw.records by name

select * from read_parquet($path);

-- name: sources_save
copy ops.sources to $path (format parquet);

-- name: sources_load
insert into ops.sources by name

select * from read_parquet($path);

-- name: cardholders_save
copy ops.cardholders to $path (format parquet);

-- name: cardholders_load
insert into ops.cardholders by name

select * from read_parquet($path);

-- name: files_save
copy ops.files to $path (format parquet);

-- name: files_load
insert into ops.files by name

select * from read_parquet($path);

-- name: vendor_names_save
-- The names that were fixed by a moment.
copy (
    select * from ops.vendor_names where fixed_at <= $moment
) to $path (format parquet);

-- name: vendor_names_load
insert into ops.vendor_names by name

select * from read_parquet($path);
