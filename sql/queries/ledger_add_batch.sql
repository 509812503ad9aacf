insert into delivery.batches by name

select
    $batch_id as batch_id,
    nullif($parent, '') as parent_batch_id,
    $run_id as run_id,
    $target as target,
    $app_id as app_id,
    nullif($decision_id, '') as decision_id,
    $record_schema as record_schema,
    $state as state,
    $sha256 as sha256,
    $file as file,
    nullif($message, '') as message,
    nullif($request_id, '') as request_id,
    $attempt as attempt,
    $records as records,
    $first_no as first_no,
    $last_no as last_no,
    nullif($status, 0) as status,
    $doubtful as doubtful,
    $sent_at::timestamptz as planned_at,
    $sent_at::timestamptz as sent_at,
    $finished_at::timestamptz as finished_at
