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
    and not records.tombstone
