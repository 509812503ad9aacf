select
    batch_id,
    sha256,
    state = 'pending' or attempt = 0 as unsent

from delivery.batches

order by batch_id
