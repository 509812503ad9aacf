-- By a processor's prefix or a store number.
alter table staging.vendor_spellings
add column if not exists decorated boolean
