-- name: 022_quarantine
-- One record that cannot become spend until its cause is mended.
create table if not exists canonical.quarantine (

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
    reason varchar not null,             -- such as currency_unknown
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

-- name: 101_quarantine_amount
-- In major units; null = unreadable.
alter table canonical.quarantine add column if not exists amount decimal(18, 4);

-- name: 102_quarantine_currency
-- ISO 4217; null = unreadable.
alter table canonical.quarantine add column if not exists currency varchar;
