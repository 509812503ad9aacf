-- Where the columns of a Parquet file lie.
select
    path_in_schema as name,
    coalesce(dictionary_page_offset, data_page_offset)::bigint as begins,
    total_compressed_size::bigint as bytes

from parquet_metadata($path)
