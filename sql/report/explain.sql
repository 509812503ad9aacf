-- One record, from what was posted back to the raw page.

-- name: find
-- The records that an id may mean: a spend id, the id a vendor gave, or the
-- key Productiv got.
with

known as (

    select *, 'spend' as state from canonical.spend
    union all by name
    select *, 'excluded' as state from canonical.excluded
    union all by name
    select *, 'quarantined' as state from canonical.quarantine

)

select
    spend_id,
    source,
    stream,
    record_id,
    state

from known

where spend_id = $id
    or record_id = $id
    or spend_id in (select spend_id from delivery.items where key = $id)

order by spend_id = $id desc, spend_id;

-- name: near
-- The ids that hold one that nothing has, or are spelt almost like it.
select spend_id

from (

    select spend_id from canonical.spend
    union all
    select spend_id from canonical.excluded
    union all
    select spend_id from canonical.quarantine

) as known

where contains(spend_id, $id)
    or levenshtein(spend_id, $id) <= 2

order by levenshtein(spend_id, $id), spend_id

limit 3;

-- name: example
-- An id as it is spelt, if there is any.
select spend_id

from (

    select spend_id from canonical.spend
    union all
    select spend_id from canonical.quarantine

) as known

order by spend_id

limit 1;

-- name: record
-- All that canonical says of one record.
select *

from {table}

where spend_id = $spend_id;

-- name: versions
select
    records.version,
    records.seen_at,
    records.tombstone,
    records.payload::varchar as payload,
    records.page_id,
    records.ordinal,
    pages.run_id,
    pages.url,
    pages.file,
    pages.fetched_at

from raw.records as records

left join raw.pages as pages
    on records.page_id = pages.page_id

where records.source = $source
    and records.stream = $stream
    and records.record_id = $record_id

order by records.version;

-- name: deliveries
-- Every item of one record, with the batch it was in and what a person said.
select
    items.key,
    items.attempt,
    items.kind,
    items.state,
    items.target,
    items.run_id,
    items.batch_id,
    batches.state as batch_state,
    batches.status,
    batches.sha256,
    batches.file,
    coalesce(batches.sent_at, items.updated_at) as sent_at,
    coalesce(items.message, batches.message) as message,
    decisions.decision,
    decisions.decided_by,
    decisions.note,
    items.payload

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

left join delivery.decisions as decisions
    on coalesce(items.decision_id, batches.decision_id) = decisions.decision_id

where items.spend_id = $spend_id

order by items.ledger_no;

-- name: deliveries_copy
-- The same, as far as the analysts' copy has it.
select
    items.key,
    items.attempt,
    items.kind,
    items.state,
    items.target,
    items.run_id,
    items.batch_id,
    batches.state as batch_state,
    batches.status,
    batches.sha256,
    coalesce(batches.sent_at, items.updated_at) as sent_at,
    coalesce(items.message, batches.message) as message

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

where items.spend_id = $spend_id

order by items.version, items.attempt, items.key;

-- name: holds
select
    key,
    gate,
    held_at,
    payload

from delivery.holds

where spend_id = $spend_id

order by held_at, key;

-- name: snapshots
-- The Parquet files that hold one record.
select
    filename as file,
    amount::varchar as amount,
    currency

from read_parquet(
    $files, filename = true, union_by_name = true, hive_partitioning = false
)

where spend_id = $spend_id

order by filename;
