-- The spellings come back from raw.records, as do the tables beside them.
delete from staging.vendor_spellings
