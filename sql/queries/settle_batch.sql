update delivery.batches

set
    state = $state,
    settlement_id = $settlement_id,
    message = $message,
    finished_at = $at::timestamptz

where batch_id = $batch_id
