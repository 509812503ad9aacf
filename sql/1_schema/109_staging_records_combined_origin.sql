-- Where the vendor's name is written: directory, descriptor or title.
alter table staging.records_combined
add column if not exists vendor_origin varchar
