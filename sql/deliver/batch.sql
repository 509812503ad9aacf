-- delivery.batches: one row per POST. Its states are drawn in
-- etl/deliver/doc.go.

-- name: planned
-- The batches of the newest plan, in the order they are sent.
select
    batch_id,
    any_value(target) as target,
    any_value(record_schema) as record_schema,
    count(*) as records,
    min(ledger_no) as first_no,
    max(ledger_no) as last_no

from delivery.planned_items

where ledger_no > $items_before
    and batch_id is not null

group by batch_id

order by batch_id;

-- name: count
-- How far the ledger is numbered: its items, and the batches of a run so far,
-- halves under their parent's number.
select
    coalesce(max(numbered.ledger_no), 0) as items,
    coalesce(
        max(
            regexp_extract(
                numbered.batch_id, '-([0-9]+)[ab]*$', 1
            )::integer
        ) filter (numbered.run_id = $run_id), 0
    ) as batches

from (

    select ledger_no, run_id, batch_id from delivery.planned_items

    union all by name

    select run_id, batch_id from delivery.batches

) as numbered;

-- name: orphans
-- Batches with a sent file that the ledger does not have.
select sent.batch_id

from (select unnest($sent::varchar[]) as batch_id) as sent

anti join delivery.batches as batches
    on sent.batch_id = batches.batch_id

order by sent.batch_id;

-- name: items
-- The items between two ledger numbers as the sent files list them, without
-- their place in the batch, and as they go out.
select
    ledger_no,
    to_json({
        'key': key, 'attempt': attempt, 'spend_id': spend_id, 'source': source,
        'page_id': page_id, 'record_version': record_version,
        'class': class, 'kind': kind,
        'content_hash': content_hash, 'currency': currency, 'version': version,
        'amount': amount::varchar, 'created_ms': created_ms,
        'occurred_on': occurred_on
    })::varchar as item,
    payload

from delivery.planned_items

where ledger_no between $first_no and $last_no
    and batch_id is not null

order by ledger_no;

-- name: begin
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
    case when $state = 'sending' then nullif($worker, '') end as worker,
    $at::timestamptz as planned_at,
    case when $state = 'sending' then $at::timestamptz end as sent_at;

-- name: finish
-- The outcome of one POST, or a decision about it, which has no HTTP answer of
-- its own.
update delivery.batches

set
    state = $state,
    status = coalesce(nullif($status, 0), status),
    message = nullif($message, ''),
    request_id = coalesce(nullif($request_id, ''), request_id),
    decision_id = coalesce(nullif($decision_id, ''), decision_id),
    worker = null,
    finished_at = $at::timestamptz

where batch_id = $batch_id;

-- name: again
-- A decision to send a batch again is good for one time.
update delivery.batches

set
    state = 'sending',
    attempt = attempt + 1,
    worker = nullif($worker, ''),
    decision_id = null,
    status = null,
    request_id = null,
    sent_at = $at::timestamptz,
    finished_at = null

where batch_id = $batch_id;

-- name: any_open
select count(*) > 0 as open

from delivery.batches

where state in ('sending', 'unknown', 'pending');

-- name: decided
-- The batches that somebody has settled.
select distinct batches.batch_id

from delivery.batches as batches

inner join delivery.decisions as decisions
    on batches.batch_id = decisions.subject

where decisions.decision in ('accepted', 'resend')

order by batches.batch_id;

-- name: doubt
-- An answer contradicts the decision about a batch, which no longer counts.
update delivery.batches

set
    state = 'unknown',
    message = $message,
    decision_id = null,
    worker = null,
    finished_at = $at::timestamptz

where batch_id = $batch_id;

-- name: abandon
-- What another worker of the lake was sending when this one took over.
update delivery.batches

set
    state = 'unknown',
    message = format(
        'process {} on {} has left it without an answer; before it is '
        'sent again, make sure that this process has ended',
        workers.pid, workers.host
    )

from ops.workers as workers

where batches.worker = workers.worker
    and batches.state = 'sending';

-- name: open
-- The batches whose outcome is not known, or one of any state. A batch that is
-- sending belongs to a program that has ended. resend: it was settled to be
-- sent again. refused: Productiv refused it when it was sent last. worker: who
-- left it without an answer, on a lake.
select
    batches.batch_id,
    batches.target,
    batches.record_schema,
    batches.records,
    batches.first_no,
    batches.last_no,
    batches.attempt,
    coalesce(batches.parent_batch_id, '') as parent,
    batches.state,
    batches.doubtful,
    coalesce(decisions.decision = 'resend', false) as resend,
    coalesce(batches.status in (413, 422), false) as refused,
    coalesce(batches.worker, '') as worker,
    coalesce(workers.host, '') as host,
    coalesce(workers.pid, 0) as pid

from delivery.batches as batches

left join delivery.decisions as decisions
    on batches.decision_id = decisions.decision_id

left join ops.workers as workers
    on batches.worker = workers.worker

where batches.batch_id = $batch_id
    or $batch_id = '' and batches.state in ('sending', 'unknown', 'pending')

order by batches.batch_id;

-- name: sent_before
-- Batches before another one whose payload is in a sent file.
select batch_id

from delivery.batches

where first_no < $first_no
    and attempt > 0
    and state in ('accepted', 'rejected', 'unknown', 'split');

-- name: digests
select
    batch_id,
    sha256,
    state = 'pending' or attempt = 0 as unsent

from delivery.batches

order by batch_id;
