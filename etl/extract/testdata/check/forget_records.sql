delete from raw.records
