-- The keys of a Parquet file's own metadata.
select
    decode(key) as name,
    'key of the file''s metadata' as type

from parquet_kv_metadata($file)

order by name
