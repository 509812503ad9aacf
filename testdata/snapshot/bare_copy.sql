-- What a snapshot is measured against: the same rows, unsorted and unproven.
copy canonical.spend to $path (format parquet, compression zstd)
