-- What sources say of the category has the name that it has in canonical.
alter table staging.records_combined
add column if not exists category_raw varchar
