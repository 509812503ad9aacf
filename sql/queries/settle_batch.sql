update delivery.batches

set
    state = $state,
    decision_id = $decision_id,
    message = $message,
    finished_at = $at::timestamptz

where batch_id = $batch_id
