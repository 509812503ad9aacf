update delivery.items

set
    state = $state,
    message = nullif($message, ''),
    updated_at = $at::timestamptz

where ledger_no between $first_no and $last_no
    and batch_id = $batch_id
