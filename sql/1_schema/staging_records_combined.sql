-- name: 019_records_combined
-- One record of a spend stream, newest version, of any source: what its own
-- source's rules make of it. Written anew by every transform.
create table if not exists staging.records_combined (

    ---------- ids
    spend_id varchar not null,           -- unique
    source varchar not null,
    kind varchar not null,
    tenant varchar not null,
    stream varchar not null,
    record_id varchar not null,
    record_version integer not null,
    page_id varchar not null,
    vendor_id varchar,                   -- productive: the company named

    ---------- text
    currency varchar,                    -- ISO 4217, upper case; null = unknown
    source_currency varchar,             -- as received, trimmed
    identifier varchar not null,
    type_value varchar not null,         -- what the type mapping looks up
    type_fallback varchar,               -- if that is not mapped
    vendor_raw varchar,                  -- cleaned; null = none
    name varchar,
    category varchar,
    description varchar,
    department varchar,
    reconciliation_status varchar,
    linked_authorization varchar,
    rule varchar,                        -- that makes it spend
    excluded_reason varchar,
    quarantine_reason varchar,
    detail varchar,                      -- the value at fault, or what to do
    currency_default varchar,            -- exchange_rate converts into it
    currency_normalized varchar,         -- of exchange_rate_normalized

    ---------- numerics
    amount decimal(18, 4),               -- major units, signed
    currency_exponent integer,
    source_amount decimal(38, 4),        -- as received; null = unreadable
    exchange_rate decimal(20, 12),       -- the vendor's, per unit of currency
    exchange_rate_normalized decimal(20, 12),

    ---------- booleans
    vendor_fallback boolean not null,
    reimbursable boolean,

    ---------- dates
    occurred_on date,                    -- null = unreadable
    paid_on date,

    ---------- timestamps
    occurred_at timestamptz,
    approved_at timestamptz,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null
);

-- name: 109_records_combined_origin
-- Where the vendor's name is written: directory, descriptor or title.
alter table staging.records_combined
add column if not exists vendor_origin varchar;

-- name: 117_records_combined_category_raw
-- What sources say of the category has the name that it has in canonical.
alter table staging.records_combined
add column if not exists category_raw varchar;

-- name: 118_records_combined_category_drop
-- It was the category as the source names it, which is category_raw now.
alter table staging.records_combined drop column if exists category;
