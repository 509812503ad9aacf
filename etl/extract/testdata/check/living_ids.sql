-- Records of a window that are not gone, as last seen; without those that have
-- no id to be known by.
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

select records.record_id

from raw.records as records

semi join latest
    on records.record_id = latest.record_id
    and records.version = latest.version

where records.source = $source
    and records.stream = $stream
    and not records.tombstone
    and records.record_id not like 'no-id:%'
    and records.filed_on >= coalesce($window_from::date, '0001-01-01'::date)
    and records.filed_on < coalesce($window_to::date, '9999-12-31'::date)
