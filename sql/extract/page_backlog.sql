-- The pages and tombstones from a version without journals as lines of a
-- journal, in the order in which they were written: a tombstone before the page
-- on which its record reappeared, or else after all pages that have landed.
with

pages as (

    select
        * exclude (source, method, journal, lost) replace (
            faults::json as faults,
            strftime(fetched_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')
                as fetched_at
        )

    from raw.pages

    where source = $source
        and coalesce(journal, $journal) = $journal

),

tombstones as (

    select
        gone.stream,
        gone.seen_at,
        revived.page_id,
        list(gone.record_id order by gone.record_id) as record_ids

    from raw.records as gone

    left join raw.records as revived
        on gone.source = revived.source
        and gone.stream = revived.stream
        and gone.record_id = revived.record_id
        and gone.version + 1 = revived.version

    where gone.source = $source
        and gone.tombstone

    group by all

),

written as (

    select
        json_object('page', pages) as line,
        landed or outcome != 'page' as has_landed,
        page_id as place,
        null::timestamptz as seen_at

    from pages

    union all

    select
        json_object('gone', json_object(
            'stream', stream,
            'record_ids', record_ids,
            'at', strftime(
                seen_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ'
            )
        )) as line,
        true as has_landed,
        coalesce(page_id, 'none') as place,    -- after every id
        seen_at

    from tombstones

)

select line::varchar as line

from written

order by
    has_landed desc,
    place,
    seen_at nulls last
