insert into ops.files by name

select * from read_parquet($path)
