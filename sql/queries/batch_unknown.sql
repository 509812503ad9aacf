select
    batch_id,
    target,
    record_schema,
    coalesce(status in (413, 422), false) as refused

from delivery.batches

where state = 'unknown'

order by batch_id
