select
    state,
    message

from delivery.batches

order by batch_id
