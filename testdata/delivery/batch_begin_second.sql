-- Begins every batch but the second.
insert into delivery.batches by name

select
    $batch_id as batch_id,
    nullif($parent, '') as parent_batch_id,
    $run_id as run_id,
    $target as target,
    $app_id as app_id,
    $record_schema as record_schema,
    $state as state,
    $sha256 as sha256,
    $file as file,
    $attempt as attempt,
    $records as records,
    $doubtful as doubtful,
    $first_no as first_no,
    $last_no as last_no,
    $at::timestamptz as planned_at,
    case when $state = 'sending' then $at::timestamptz end as sent_at

where case
    when $batch_id like '%-00002' then error('as told')
    else true
end
