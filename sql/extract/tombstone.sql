-- Versions of raw.records that say a record is gone.

-- name: list
-- Tombstones of a source in the order in which they were written among pages,
-- without a clock: each before the page that showed its record again, else at
-- the end.
select
    graves.stream,
    graves.seen_at,
    coalesce(revived.page_id, '') as before,
    list(graves.record_id order by graves.record_id)::varchar[] as record_ids

from raw.records as graves

left join raw.records as revived
    on graves.source = revived.source
    and graves.stream = revived.stream
    and graves.record_id = revived.record_id
    and graves.version + 1 = revived.version

where graves.tombstone
    and graves.source = $source

group by
    graves.stream,
    graves.seen_at,
    revived.page_id

order by
    revived.page_id nulls last,
    graves.seen_at;

-- name: add
-- Marks records as gone: a further version that repeats the last payload.
insert into raw.records (
    source, stream, record_id, version, page_id, ordinal,
    payload, payload_hash, fault,
    verbatim_hash,
    tombstone, unsettled,
    filed_on,
    seen_at
)

with

latest as (

    select
        record_id,
        max(version) as version

    from raw.records

    where source = $source
        and stream = $stream
        and record_id in (select unnest($record_ids))

    group by record_id

)

select
    records.source,
    records.stream,
    records.record_id,
    records.version + 1 as version,
    records.page_id,
    records.ordinal,
    records.payload,
    records.payload_hash,
    records.fault,
    records.verbatim_hash,
    true as tombstone,
    records.unsettled,
    records.filed_on,
    $now as seen_at

from raw.records as records

semi join latest
    on records.record_id = latest.record_id
    and records.version = latest.version

where records.source = $source
    and records.stream = $stream
    and not records.tombstone;
