-- One record as it went to Productiv, or was about to, with its batch.
create or replace view deliveries as

select
    items.spend_id,
    items.key,
    items.attempt,
    items.target,
    items.source,
    items.kind,
    items.state,
    items.version,
    items.amount,
    items.currency,
    items.occurred_on,
    items.message,
    items.run_id,
    items.batch_id,
    batches.state as batch_state,
    batches.record_schema,
    batches.status,
    batches.sent_at,
    batches.finished_at,
    items.updated_at

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id
