delete from staging.records_combined
