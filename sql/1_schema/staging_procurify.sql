-- name: 060_procurify__transactions
-- One Procurify card transaction as last seen. Texts are cleaned, null where
-- nothing remains; status words are lower case.
create table if not exists staging.procurify__transactions (

    ---------- ids
    source varchar not null,
    stream varchar not null,
    record_id varchar not null,
    version integer not null,
    page_id varchar not null,
    cardholder_uuid varchar,             -- lower case
    linked_authorization varchar,

    ---------- text
    type varchar,                        -- spend, credit
    status varchar,                      -- capture, precapture, refund
    authorization_status varchar,        -- closed, pending, reversed
    reconciliation_status varchar,
    vendor_name varchar,
    vendor_category varchar,
    cardholder_name varchar,
    note varchar,
    fund_title varchar,
    account_description varchar,
    fund_account_description varchar,
    department varchar,
    currency_text varchar,
    amount_text varchar,
    datetime_text varchar,               -- the one that counts

    ---------- numerics
    amount decimal(28, 4),               -- null = missing or unreadable

    ---------- booleans
    amount_has_point boolean not null,
    tombstone boolean not null,

    ---------- timestamps
    spent_at timestamptz,
    first_seen_at timestamptz not null,
    seen_at timestamptz not null
);

-- name: 069_procurify__transactions_fault
-- As raw.records has it.
alter table staging.procurify__transactions
add column if not exists fault varchar;
