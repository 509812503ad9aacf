-- What raw.records held at a moment.
copy (
    select *

    from raw.records

    where seen_at <= $moment::timestamptz
) to $path (format parquet, compression zstd)
