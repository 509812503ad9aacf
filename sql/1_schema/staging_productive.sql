-- name: 056_productive__expenses
-- One Productive.io expense as last seen. Amounts are the vendor's integer
-- minor units; texts are cleaned, null where nothing remains.
create table if not exists staging.productive__expenses (

    ---------- ids
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    page_id varchar not null,
    person_id varchar,
    creator_id varchar,
    vendor_id varchar,
    service_type_id varchar,
    purchase_order_id varchar,

    ---------- text
    name varchar,
    note varchar,
    date_text varchar,
    deleted_text varchar,
    currency_text varchar,
    currency_default varchar,
    currency_normalized varchar,
    net_text varchar,                    -- total_amount
    gross_text varchar,                  -- total_amount_with_tax

    ---------- numerics, null = missing or unreadable
    net_amount decimal(28, 4),
    gross_amount decimal(28, 4),
    unit_amount decimal(28, 4),          -- amount: of one unit, before tax
    unit_amount_default decimal(28, 4),
    exchange_rate decimal(20, 12),
    exchange_rate_normalized decimal(20, 12),

    ---------- booleans
    approved boolean not null,
    draft boolean not null,
    rejected boolean not null,
    reimbursable boolean,
    tombstone boolean not null,

    ---------- dates
    spent_on date,
    paid_on date,

    ---------- timestamps
    approved_at timestamptz,
    first_seen_at timestamptz not null,
    seen_at timestamptz not null
);

-- name: 057_productive__people
-- One person of Productive.io as last seen.
create table if not exists staging.productive__people (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    email varchar,                       -- trimmed, lower case
    full_name varchar
);

-- name: 058_productive__companies
-- One company of Productive.io as last seen: an expense's vendor.
create table if not exists staging.productive__companies (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    name varchar
);

-- name: 059_productive__service_types
-- One service type of Productive.io as last seen: an expense's category.
create table if not exists staging.productive__service_types (
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    name varchar
);

-- name: 068_productive__expenses_fault
-- As raw.records has it.
alter table staging.productive__expenses add column if not exists fault varchar;
