-- The batches whose outcome is not known.
select
    batch_id,
    state,
    records,
    coalesce(message, '') as message,
    planned_at

from delivery.batches

where state in ('unknown', 'sending')

order by planned_at, batch_id
