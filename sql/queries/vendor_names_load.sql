insert into ops.vendor_names by name

select * from read_parquet($path)
