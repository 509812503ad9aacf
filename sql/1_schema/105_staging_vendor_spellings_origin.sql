-- Where the name is written: directory, title, or descriptor, which is a card
-- terminal's.
alter table staging.vendor_spellings
add column if not exists vendor_origin varchar
