-- The batches that wait for a person.
select
    batch_id,
    records,
    coalesce(message, '') as message,
    planned_at

from delivery.batches

where state = 'unknown'

order by planned_at, batch_id
