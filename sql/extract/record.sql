-- raw.records: one row per version of a vendor's object.

-- name: split_check
-- Pages whose file no longer holds as many records as were counted when it
-- was fetched, or records without an id.
with

asked as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "page": "VARCHAR",
            "records": "INTEGER", "chosen": "INTEGER"
        }]'),
        max_depth := 2
    )

),

found as (

    select
        page_id,
        any_value(records) as records,
        count(record_id) filter (is_record) as chosen

    from record_incoming

    group by page_id

),

compared as (

    select
        asked.page,
        asked.records as expected,
        asked.chosen as expected_chosen,
        coalesce(found.records, 0) as found,
        coalesce(found.chosen, 0) as found_chosen

    from asked

    left join found
        on asked.page_id = found.page_id

)

select
    page as file,
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
    );

-- name: inside
-- Of some transactions, those whose every datetime lies in the window, so that
-- the vendor lists them in it whichever of them it goes by.
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
select count(*) = 0 as nothing_stored

from (
    select 1 as one

    from raw.records

    where source = $source

    limit 1
);

-- name: nameless
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
    and records.filed_on is not null;

-- name: oldest
-- The first day on which anything was spent, as far as is stored. Earlier ones
-- are quarantined.
select min(filed_on) as day

from raw.records

where source = $source
    and stream = $stream
    and filed_on >= '1970-01-01'::date;

-- name: unsettled
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

limit $most;
