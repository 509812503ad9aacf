-- name: 020_spend
-- One spend record: money that left, or came back, as the vendor last told it.
-- Its id: productive-<organization>-expense-<id>, procurify-<domain>-txn-<id>.
create table if not exists canonical.spend (

    ---------- ids
    spend_id varchar not null,
    source varchar not null,
    kind varchar not null,               -- productive, procurify
    tenant varchar not null,             -- organization_id, domain
    stream varchar not null,             -- expenses, transactions
    record_id varchar not null,
    record_version integer not null,     -- of raw.records
    page_id varchar not null,            -- of that version

    ---------- text
    currency varchar not null,           -- ISO 4217, upper case, as transacted
    reporting_currency varchar not null,
    fx_source varchar,                   -- same, ecb, vendor; null = no rate
    identifier varchar not null,
    type varchar not null,               -- expense, invoice
    vendor varchar not null,             -- canonical name
    vendor_key varchar not null,
    vendor_raw varchar not null,         -- as the vendor's system spells it
    vendor_rule varchar not null,        -- alias, best_spelling
    name varchar,
    category varchar,
    description varchar,
    department varchar,
    reconciliation_status varchar,
    linked_authorization varchar,
    source_currency varchar not null,    -- currency text as received
    -- approved, unapproved_allowed, capture …
    rule varchar not null,

    ---------- numerics
    amount decimal(18, 4) not null,      -- major units, signed
    currency_exponent integer not null,  -- decimals it is printed with
    amount_reporting decimal(18, 4),
    fx_rate decimal(20, 12),             -- reporting units per transacted unit
    -- As received: Productive.io's minor units, the value of Procurify's text.
    source_amount decimal(38, 4) not null,

    ---------- booleans
    vendor_fallback boolean not null,    -- the expense's name stands in
    reimbursable boolean,

    ---------- dates
    occurred_on date not null,           -- in the reporting time zone
    fx_date date,
    paid_on date,

    ---------- timestamps
    occurred_at timestamptz not null,    -- Productiv's `created`
    approved_at timestamptz,
    first_seen_at timestamptz not null,  -- version 1
    changed_at timestamptz not null      -- newest version
);

-- name: 116_spend_category_raw
-- The category as the source names it; null where it names none. `category` is
-- the one that is posted.
alter table canonical.spend add column if not exists category_raw varchar;
