delete from staging.vendor_aliases
