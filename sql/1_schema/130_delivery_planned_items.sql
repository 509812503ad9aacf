-- One record as it was planned, with its exact JSON. It is written once: what
-- became of it is the state of its batch, see the view delivery.items. `key`
-- is what Productiv gets as transactionNumber or signatureId; a key planned
-- again is a new attempt.
create table if not exists delivery.planned_items (

    ---------- ids
    target varchar not null,
    -- spend_id, <spend_id>-v<k>, <spend_id>-rev<k>
    key varchar not null,
    attempt integer not null,            -- 1 … per target and key
    spend_id varchar not null,
    -- as planned; its halves add a and b. null = refused here
    batch_id varchar,
    run_id varchar not null,
    source varchar not null,
    page_id varchar,                     -- lineage when it was planned
    record_version integer,

    ---------- text
    -- spend, reversal, version, resend, correction
    kind varchar not null,
    -- new, changed, touched, withdrawn; null in items of older versions
    class varchar,
    -- as long as no batch says otherwise: planned, rejected (refused here)
    state varchar not null,
    record_schema varchar not null,      -- finance, spend
    payload varchar not null using compression zstd, -- the exact JSON
    payload_hash varchar not null,       -- md5 of it
    content_hash varchar not null,       -- md5 of what it says, in either shape
    currency varchar not null,
    message varchar,                     -- why it was refused here

    ---------- numerics
    -- 1 … in the order planned: a batch is the items between two of them
    ledger_no bigint not null,
    ordinal integer not null,            -- position in the batch, from 1
    -- k: accepted versions of the record when it was planned, plus one; of a
    -- reversal: the version it takes back
    version integer not null,
    amount decimal(18, 4) not null,      -- as sent, signed
    sent_amount decimal(18, 4) not null, -- read from the payload
    created_ms bigint not null,
    key_hash decimal(20, 0) not null,    -- of spend_id, for control totals

    ---------- dates
    occurred_on date not null,

    ---------- timestamps
    planned_at timestamptz not null
)
