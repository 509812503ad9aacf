-- name: 031_items
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
);

-- name: 074_items_decision
alter table delivery.items rename column settlement_id to decision_id;

-- name: 076_items_class
-- Why the item was planned: new, changed, touched, withdrawn. Null in items of
-- older versions.
alter table delivery.items add column class varchar;

-- name: 130_planned_items
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
);

-- name: 131_planned_items_before
-- The items of the version before, which moved with their batch: those in the
-- halves of a batch were in it when they were planned.
insert into delivery.planned_items by name

select
    items.* exclude (
        batch_id, decision_id, state, message, updated_at
    ),
    rtrim(items.batch_id, 'ab') as batch_id,
    case
        when batches.batch_id is not null then 'planned'
        else items.state
    end as state,
    case when batches.batch_id is null then items.message end as message,
    coalesce(
        try_cast(
            regexp_extract(items.payload, '"amount":(-?[0-9.]+)', 1)
                as decimal(18, 4)
        ), items.amount
    ) as sent_amount,
    md5_number_upper(items.spend_id)::decimal(20, 0) as key_hash,
    items.updated_at as planned_at

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

order by items.ledger_no;

-- name: 133_retried_items
-- One rejected item that a person let go of, so that its record is sent again.
create table if not exists delivery.retried_items (
    ledger_no bigint not null,
    decision_id varchar not null
);

-- name: 134_retried_items_before
insert into delivery.retried_items by name

select
    ledger_no,
    decision_id

from delivery.items

where decision_id is not null;

-- name: 135_items_drop
drop table delivery.items;

-- name: 136_items
-- One record in one batch, with its exact JSON and what became of it: the
-- state of the narrowest batch that covers it. Of a batch that was split, only
-- the halves count; what no batch has begun to send is planned.
create or replace view delivery.items as

select

    ---------- ids
    items.target,
    items.key,
    items.attempt,
    items.spend_id,
    coalesce(batches.batch_id, items.batch_id) as batch_id,
    items.run_id,
    items.source,
    items.page_id,
    items.record_version,
    retried.decision_id,

    ---------- text
    items.kind,
    case
        when coalesce(batches.state, 'pending') = 'pending' then items.state
        else batches.state
    end as state,
    items.record_schema,
    items.payload,
    items.payload_hash,
    items.content_hash,
    items.currency,
    case
        when batches.batch_id is null then items.message
        when batches.state in ('rejected', 'unknown') then batches.message
    end as message,

    ---------- numerics
    items.ledger_no,
    coalesce(
        items.ledger_no - batches.first_no + 1, items.ordinal
    )::integer as ordinal,
    items.version,
    items.amount,
    items.created_ms,

    ---------- dates
    items.occurred_on,

    ---------- timestamps
    coalesce(
        batches.finished_at, batches.sent_at, batches.planned_at,
        items.planned_at
    ) as updated_at,

    ---------- text
    items.class,

    ---------- numerics
    items.sent_amount,
    items.key_hash

from delivery.planned_items as items

left join delivery.batches as batches
    on items.batch_id = rtrim(batches.batch_id, 'ab')
    and items.ledger_no between batches.first_no and batches.last_no
    and batches.state != 'split'

left join delivery.retried_items as retried
    on items.ledger_no = retried.ledger_no;
