-- raw.records: one row per version of a vendor object.

-- name: split_check
-- Pages whose file no longer holds as many records as were counted when it was
-- fetched, or holds records without an id.
with

asked as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "file": "VARCHAR",
            "records": "INTEGER", "chosen": "INTEGER"
        }]'),
        max_depth := 2
    )

),

compared as (

    select
        asked.file,
        any_value(asked.records) as expected,
        any_value(asked.chosen) as expected_chosen,
        coalesce(any_value(incoming.records), 0) as found,
        count(incoming.record_id) filter (incoming.is_record) as found_chosen

    from asked

    left join record_incoming as incoming
        on asked.page_id = incoming.page_id

    group by
        asked.page_id,
        asked.file

)

select
    file,
    case when found != expected then expected else expected_chosen end
        as expected,
    case when found != expected then found else found_chosen end as found

from compared

where found != expected
    or found_chosen != expected_chosen;

-- name: split_counts
select
    count(*) as shown,
    count(distinct (stream, record_id)) as objects

from record_incoming;

-- name: known
-- The last look of each object without a known day or dated within the window,
-- with one of the ids and on one of the pages, which are sorted. An empty id
-- stands for all.
with

versions as not materialized (

    select *

    from raw.records

    where source = $source
        and page_id >= $page_ids[1]
        and (
            $page_ids[1] = ''
            or page_id in (select unnest($page_ids::varchar[]))
        )
        and (
            $record_ids[1] = ''
            or record_id in (select unnest($record_ids::varchar[]))
        )

)

select
    versions.stream,
    versions.record_id,
    coalesce(
        case when lost.page_id is null then versions.verbatim_hash end,
        0::ubigint
    ) as look,
    coalesce(
        date_diff('day', '1970-01-01'::date, versions.filed_on), $no_day
    ) as day,
    not versions.tombstone as is_living

from versions

anti join versions as later
    on versions.stream = later.stream
    and versions.record_id = later.record_id
    and versions.version + 1 = later.version
    and later.version > 1    -- few rows to look up in

left join raw.pages as lost
    on versions.page_id = lost.page_id
    and lost.lost

where versions.filed_on is null
    or (
        versions.filed_on >= coalesce($window_from::date, '0001-01-01'::date)
        and versions.filed_on < coalesce($window_to::date, 'infinity'::date)
    );

-- name: days
-- How many versions of records are stored of each day, in days since 1970.
select
    date_diff('day', '1970-01-01'::date, filed_on)::integer as day,
    count(*) as records

from raw.records

where source = $source
    and stream = $stream
    and filed_on is not null

group by filed_on;

-- name: inside
-- Of some transactions, those with all datetimes within the window, so that the
-- vendor lists them in it by whichever of them it filters.
with

latest as (

    select
        record_id,
        arg_max(payload, version) as payload

    from raw.records

    where source = $source
        and stream = $stream
        and record_id in (select unnest($record_ids))

    group by record_id

),

times as (

    select
        record_id,
        unnest([
            payload ->> 'transaction_datetime',
            payload ->> 'authorization_datetime',
            payload ->> 'allocation_datetime'
        ]) as written

    from latest

)

select record_id

from times

where written is not null

group by record_id

having bool_and(coalesce(
    instant(written) >= coalesce($window_from, '0001-01-01'::timestamptz)
    and instant(written) < coalesce($window_to, '9999-12-31'::timestamptz),
    false
));

-- name: missing
select not exists (

    select 1 as one

    from raw.records

    where source = $source

) as nothing_stored;

-- name: oldest
-- The first stored day of spend. Records dated before 1970 are quarantined.
select min(filed_on) as day

from raw.records

where source = $source
    and stream = $stream
    and filed_on >= '1970-01-01'::date;

-- name: unsettled
-- Records older than the look-back that may still be approved or rejected and
-- were not fetched since. The ones checked longest ago come first.
with

checked as (

    select
        record_id,
        max(fetched_at) as checked_at

    from raw.pages

    where source = $source
        and purpose = 'recheck'
        and fetched_at <= $now    -- the clock may have been ahead

    group by record_id

)

select records.record_id

from raw.records as records

anti join raw.records as later
    on later.source = $source
    and later.stream = $stream
    and records.record_id = later.record_id
    and records.version + 1 = later.version
    and later.version > 1    -- few rows to look up in

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

limit $most;
