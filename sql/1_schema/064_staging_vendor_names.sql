-- What canonical calls each spelling of a vendor, to see which records a
-- changed alias concerns.
create table if not exists staging.vendor_names (
    vendor_raw varchar not null,
    vendor_key varchar not null,
    vendor varchar not null,
    vendor_rule varchar not null
)
