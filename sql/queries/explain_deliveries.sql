-- Every item of one record, with the batch it was in and what a person said.
select
    items.key,
    items.attempt,
    items.kind,
    items.state,
    items.target,
    items.run_id,
    coalesce(items.batch_id, '') as batch_id,
    coalesce(batches.state, '') as batch_state,
    coalesce(batches.status, 0) as status,
    coalesce(batches.sha256, '') as sha256,
    coalesce(batches.file, '') as file,
    coalesce(batches.sent_at, items.updated_at) as sent_at,
    coalesce(items.message, batches.message, '') as message,
    coalesce(settlements.decision, '') as decision,
    coalesce(settlements.decided_by, '') as decided_by,
    coalesce(settlements.note, '') as note,
    items.payload

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

left join delivery.decisions as settlements
    on coalesce(items.decision_id, batches.decision_id)
        = settlements.decision_id

where items.spend_id = $spend_id

order by items.ledger_no
