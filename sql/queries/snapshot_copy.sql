-- One month as one file. The small row groups let a reader skip most of a
-- month when it asks for a day. Bloom filters are left out: no reader would
-- notice a damaged one while the file is proven.
copy (

    select *

    from snapshot_spend

    where occurred_on >= $month::date
        and occurred_on < $month::date + interval 1 month

    order by occurred_on, occurred_at, spend_id

) to $path (
    format parquet,
    parquet_version 'v2',
    compression zstd,
    row_group_size 30720,
    write_bloom_filter false
)
