-- Takes no outcome over.
update delivery.batches

set
    state = $state,
    status = nullif($status, 0),
    message = nullif($message, ''),
    request_id = nullif($request_id, ''),
    decision_id = nullif($decision_id, ''),
    finished_at = $at::timestamptz

where case when batch_id = $batch_id then error('as told') else false end
