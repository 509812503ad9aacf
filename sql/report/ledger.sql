-- The ledger as a file.

-- name: save_csv
copy (
    select * from ledger_export order by sent_at, batch_id, ordinal, key
) to $path (format csv, header);

-- name: save_parquet
copy (
    select * from ledger_export order by sent_at, batch_id, ordinal, key
) to $path (format parquet, compression zstd);
