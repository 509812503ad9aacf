-- The bucket of a lake, as DuckDB itself uses it. {location} is replaced by a
-- quoted text.

-- name: write
copy (select 'written by spendbridge doctor' as probe) to {location} (
    format parquet
);

-- name: read
select count(*) as probes from read_parquet({location});
