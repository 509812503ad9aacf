-- Records without a usable id that are not gone, as last seen.
with

latest as (

    select
        record_id,
        max(version) as version

    from raw.records

    where source = $source
        and stream = $stream
        and record_id like 'no-id:%'

    group by record_id

)

select
    records.record_id,
    records.filed_on

from raw.records as records

semi join latest
    on records.record_id = latest.record_id
    and records.version = latest.version

where records.source = $source
    and records.stream = $stream
    and not records.tombstone
    and records.filed_on is not null
