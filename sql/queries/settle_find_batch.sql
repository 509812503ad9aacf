select
    target,
    record_schema,
    state,
    records,
    first_no,
    last_no,
    attempt

from delivery.batches

where batch_id = $batch_id
