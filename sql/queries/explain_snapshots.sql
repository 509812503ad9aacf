-- The Parquet files that hold one record.
select
    filename,
    amount::varchar as amount,
    currency

from read_parquet(
    $files, filename = true, union_by_name = true, hive_partitioning = false
)

where spend_id = $spend_id

order by filename
