update ops.runs

set
    status = $status,
    error = $error,
    finished_at = $finished_at

where run_id = $run_id
