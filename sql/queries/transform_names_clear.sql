delete from staging.vendor_names
