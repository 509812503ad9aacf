insert into raw.pages by name

select * from read_parquet($path)
