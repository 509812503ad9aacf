insert into raw.records by name

select * from read_parquet($path)
