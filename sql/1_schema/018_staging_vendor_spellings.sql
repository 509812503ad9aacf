-- One spelling of a vendor's name, and where it was seen first.
create table if not exists staging.vendor_spellings (

    ---------- ids
    page_id varchar not null,
    ordinal integer not null,

    ---------- text
    spelling varchar not null,           -- cleaned
    vendor_key varchar not null,
    key_rules varchar not null,          -- hash of the seeds that made the key

    ---------- timestamps
    seen_at timestamptz not null
)
