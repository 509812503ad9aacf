-- explain_deliveries, as far as the analysts' copy knows.
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
    '' as file,
    coalesce(batches.sent_at, items.updated_at) as sent_at,
    coalesce(items.message, batches.message, '') as message,
    '' as decision,
    '' as decided_by,
    '' as note,
    'null' as payload

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

where items.spend_id = $spend_id

order by items.version, items.attempt, items.key
