copy ops.sources to $path (format parquet)
