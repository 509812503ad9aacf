-- What is known of every record last.
with

latest as (

    select
        stream,
        record_id,
        max(version) as version

    from raw.records

    where source = $source

    group by
        stream,
        record_id

)

select
    records.stream,
    records.record_id,
    records.payload_hash,
    records.tombstone

from raw.records as records

semi join latest
    on records.stream = latest.stream
    and records.record_id = latest.record_id
    and records.version = latest.version

where records.source = $source

order by
    records.stream,
    records.record_id
