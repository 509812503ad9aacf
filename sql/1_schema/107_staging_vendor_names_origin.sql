alter table staging.vendor_names
add column if not exists vendor_origin varchar
