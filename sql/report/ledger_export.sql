-- The ledger of a period, one row per item: what was posted, when, in which
-- batch, what became of it, and where the record came from. The period is
-- that of the last post, or of the booking where nothing was sent.
create or replace temp table ledger_export as

select

    ---------- ids
    items.target,
    items.spend_id,
    items.key,
    items.attempt,
    items.batch_id,
    batches.parent_batch_id,
    items.run_id,
    items.source,
    items.page_id,
    items.record_version,

    ---------- text
    items.kind,
    items.state,
    items.record_schema,
    items.currency,
    items.payload,
    items.payload_hash,
    items.message,
    batches.state as batch_state,
    batches.sha256 as batch_sha256,
    batches.file as batch_file,
    batches.message as batch_message,
    batches.request_id,
    settlements.decision,
    settlements.decided_by,
    settlements.note,

    ---------- numerics
    items.ordinal,
    items.version,
    items.amount,
    batches.attempt as batch_attempt,
    batches.status,

    ---------- dates
    items.occurred_on,

    ---------- timestamps
    batches.sent_at,
    batches.finished_at,
    items.updated_at,
    settlements.decided_at

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

left join delivery.decisions as settlements
    on coalesce(items.decision_id, batches.decision_id)
        = settlements.decision_id

where coalesce(batches.sent_at, items.updated_at) >= $from::timestamptz
    and coalesce(batches.sent_at, items.updated_at) < $to::timestamptz
