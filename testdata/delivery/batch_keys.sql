-- The batches in doubt with one key of each.
select
    batch_id,
    any_value(key) as key

from delivery.items

where state = 'unknown'

group by batch_id

order by batch_id
