-- The logical hash of a file as it lies on disk, over all its columns.
select
    count(*) as records,
    coalesce(
        sum(md5_number_upper(spend_line(spend))::decimal(38, 0)),
        0
    )::varchar as logical_hash

from read_parquet($path, hive_partitioning = false) as spend
