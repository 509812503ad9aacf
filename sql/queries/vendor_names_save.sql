-- The names that were fixed by a moment.
copy (
    select * from ops.vendor_names where fixed_at <= $moment
) to $path (format parquet)
