delete from staging.raw_values
