-- name: 021_excluded
-- One record that is known not to be spend, with the reason: draft, rejected,
-- deleted, gone, not_approved, zero_amount, hold, credit or rule:<reason>.
create table if not exists canonical.excluded (

    ---------- ids
    spend_id varchar not null,
    source varchar not null,
    kind varchar not null,
    tenant varchar not null,
    stream varchar not null,
    record_id varchar not null,
    record_version integer not null,
    page_id varchar not null,

    ---------- text
    reason varchar not null,
    detail varchar,                      -- the value at fault, or what to do
    source_currency varchar,             -- as received
    vendor_raw varchar,

    ---------- numerics
    source_amount decimal(38, 4),        -- as received; null = unreadable

    ---------- dates
    occurred_on date,

    ---------- timestamps
    first_seen_at timestamptz not null,
    changed_at timestamptz not null
);
