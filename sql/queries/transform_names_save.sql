insert into staging.vendor_names by name

select * from vendors_keyed
