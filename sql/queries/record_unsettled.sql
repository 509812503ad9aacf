-- Records older than the look-back that may still be approved or rejected, and
-- that were not asked for since. Those whose last check is longest ago come
-- first.
with

latest as (

    select
        record_id,
        max(version) as version

    from raw.records

    where source = $source
        and stream = $stream

    group by record_id

),

checked as (

    select
        record_id,
        max(fetched_at) as checked_at

    from raw.pages

    where source = $source
        and purpose = 'recheck'
        and fetched_at <= $now    -- a clock that was ahead

    group by record_id

)

select records.record_id

from raw.records as records

inner join latest
    on records.record_id = latest.record_id
    and records.version = latest.version

left join checked
    on records.record_id = checked.record_id

where records.source = $source
    and records.stream = $stream
    and records.unsettled
    and not records.tombstone
    and records.filed_on < $before::date
    and (checked.checked_at is null or checked.checked_at < $since)

order by
    coalesce(checked.checked_at, records.seen_at),
    records.record_id

limit $most
