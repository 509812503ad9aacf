-- The spelling that would be posted if none had been posted yet.
alter table staging.vendor_names
add column if not exists best_spelling varchar
