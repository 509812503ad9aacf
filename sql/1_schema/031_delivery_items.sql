-- One record in one batch, with its exact JSON. `key` is what Productiv gets
-- as transactionNumber or signatureId; a key sent again is a new attempt.
create table if not exists delivery.items (

    ---------- ids
    target varchar not null,
    -- spend_id, <spend_id>-v<k>, <spend_id>-rev<k>
    key varchar not null,
    attempt integer not null,            -- 1 … per target and key
    spend_id varchar not null,
    batch_id varchar,                    -- null = refused here, booked by hand
    run_id varchar not null,
    source varchar not null,
    page_id varchar,                     -- lineage when it was planned
    record_version integer,
    settlement_id varchar,               -- the decision that moved it last

    ---------- text
    -- spend, reversal, version, resend, correction
    kind varchar not null,
    -- planned, sending, accepted, rejected, unknown
    state varchar not null,
    record_schema varchar not null,      -- finance, spend
    payload varchar not null,            -- the exact JSON
    payload_hash varchar not null,       -- md5 of it
    content_hash varchar not null,       -- md5 of what it says, in either shape
    currency varchar not null,
    message varchar,                     -- why it was rejected

    ---------- numerics
    -- 1 … in the order planned, so that a batch is found without reading all
    ledger_no bigint not null,
    ordinal integer not null,            -- position in the batch, from 1
    -- k: accepted versions of the record when it was planned, plus one; of a
    -- reversal: the version it takes back
    version integer not null,
    amount decimal(18, 4) not null,      -- as sent, signed
    created_ms bigint not null,

    ---------- dates
    occurred_on date not null,

    ---------- timestamps
    updated_at timestamptz not null
)
