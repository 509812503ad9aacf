-- One record, from what was posted back to the raw page.

-- name: find
-- The records that an id may mean: a spend id, the id a vendor gave, or the
-- key Productiv got.
with

known as (

    select spend_id, source, stream, record_id, 'spend' as state
    from canonical.spend

    union all by name

    select spend_id, source, stream, record_id, 'excluded' as state
    from canonical.excluded

    union all by name

    select spend_id, source, stream, record_id, 'quarantined' as state
    from canonical.quarantine

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
-- The ids that are spelt most like one that nothing has.
select spend_id

from (

    select spend_id from canonical.spend
    union all
    select spend_id from canonical.excluded
    union all
    select spend_id from canonical.quarantine

) as known

order by levenshtein(spend_id, $id), spend_id

limit 3;

-- name: record
-- All that canonical says of one record, as JSON.
select to_json(spend)::varchar as record
from canonical.spend as spend
where spend.spend_id = $spend_id

union all

select to_json(excluded)::varchar as record
from canonical.excluded as excluded
where excluded.spend_id = $spend_id

union all

select to_json(quarantine)::varchar as record
from canonical.quarantine as quarantine
where quarantine.spend_id = $spend_id;

-- name: versions
select
    records.version,
    records.seen_at,
    records.tombstone,
    records.payload::varchar as payload,
    records.page_id,
    records.ordinal,
    coalesce(pages.run_id, '') as run_id,
    coalesce(pages.url, '') as url,
    coalesce(pages.file, '') as file

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
    coalesce(items.batch_id, '') as batch_id,
    coalesce(batches.state, '') as batch_state,
    coalesce(batches.status, 0) as status,
    coalesce(batches.sha256, '') as sha256,
    coalesce(batches.file, '') as file,
    coalesce(batches.sent_at, items.updated_at) as sent_at,
    coalesce(items.message, batches.message, '') as message,
    coalesce(settlements.decision, '') as decision,
    coalesce(settlements.decided_by, '') as decided_by,
    coalesce(settlements.note, '') as note,
    items.payload

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

left join delivery.decisions as settlements
    on coalesce(items.decision_id, batches.decision_id)
        = settlements.decision_id

where items.spend_id = $spend_id

order by items.ledger_no;

-- name: deliveries_copy
-- explain_deliveries, as far as the analysts' copy knows.
select
    items.key,
    items.attempt,
    items.kind,
    items.state,
    items.target,
    items.run_id,
    coalesce(items.batch_id, '') as batch_id,
    coalesce(batches.state, '') as batch_state,
    coalesce(batches.status, 0) as status,
    coalesce(batches.sha256, '') as sha256,
    '' as file,
    coalesce(batches.sent_at, items.updated_at) as sent_at,
    coalesce(items.message, batches.message, '') as message,
    '' as decision,
    '' as decided_by,
    '' as note,
    'null' as payload

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
    filename,
    amount::varchar as amount,
    currency

from read_parquet(
    $files, filename = true, union_by_name = true, hive_partitioning = false
)

where spend_id = $spend_id

order by filename;
