insert into staging.setting_cardholders by name

select * from read_parquet($path)
