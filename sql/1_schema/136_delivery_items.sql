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
    on items.ledger_no = retried.ledger_no
