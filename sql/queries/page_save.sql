-- Every page, as if none had landed yet.
copy (
    select * replace (false as landed)

    from raw.pages
) to $path (format parquet, compression zstd)
