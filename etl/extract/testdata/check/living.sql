-- The spend records that are not gone, with what they hold.
with

latest as (

    select
        record_id,
        max(version) as version

    from raw.records

    where source = $source
        and stream = $stream

    group by record_id

)

select records.record_id || ' ' || records.payload_hash as living

from raw.records as records

semi join latest
    on records.record_id = latest.record_id
    and records.version = latest.version

where records.source = $source
    and records.stream = $stream
    and not records.tombstone

order by records.record_id
