copy (

    select *

    from ledger_export

    order by sent_at, batch_id, ordinal, key

) to $path (format parquet, compression zstd)
