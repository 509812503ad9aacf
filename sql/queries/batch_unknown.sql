select
    batch_id,
    coalesce(status in (413, 422), false) as refused

from delivery.batches

where state = 'unknown'

order by batch_id
