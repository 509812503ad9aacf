insert into ops.sources by name

select * from read_parquet($path)
