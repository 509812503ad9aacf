copy ops.files to $path (format parquet)
