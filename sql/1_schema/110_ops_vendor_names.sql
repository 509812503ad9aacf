-- The name that a vendor was posted under first. Later records of that key go
-- by it too, until a person decides on another.
create table if not exists ops.vendor_names (
    vendor_key varchar not null,
    vendor varchar not null,             -- as posted
    spelling varchar not null,           -- of the record that was accepted
    vendor_origin varchar not null,      -- directory, descriptor, title
    fixed_at timestamptz not null        -- when Productiv accepted it
)
