insert into staging.vendor_names by name

select * from int_vendors_keyed
