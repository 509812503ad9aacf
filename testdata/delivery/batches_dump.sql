select
    right(batch_id, length(batch_id) - length(run_id) - 1) as batch,
    state,
    attempt,
    records,
    coalesce(status, 0) as status

from delivery.batches

order by run_id, batch_id
