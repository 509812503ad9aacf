-- How objects looked last: those that no day is known of, and those of the days
-- from $from on. Pages before $page_from do not count. The empty id asks for
-- all of them.
with

latest as (

    select
        stream,
        record_id,
        max(version) as version

    from raw.records

    where source = $source
        and page_id >= $page_from
        and (
            $record_ids[1] = ''
            or record_id in (select unnest($record_ids::varchar[]))
        )

    group by
        stream,
        record_id

),

lost as (

    select page_id

    from raw.pages

    where lost

)

select
    records.stream,
    records.record_id,
    case when lost.page_id is null then records.verbatim_hash end as look,
    date_diff('day', '1970-01-01'::date, records.filed_on) as day,
    not records.tombstone as is_living

from raw.records as records

semi join latest
    on records.stream = latest.stream
    and records.record_id = latest.record_id
    and records.version = latest.version

left join lost
    on records.page_id = lost.page_id

where records.source = $source
    and records.page_id >= $page_from
    and (
        records.filed_on is null
        or records.filed_on >= coalesce($from::date, '0001-01-01'::date)
    )
