-- Versions in raw.records that mark a record as deleted.

-- name: add
-- Marks records as deleted: adds a version that repeats the last payload.
insert into raw.records by name

select records.* replace (
    records.version + 1 as version,
    true as tombstone,
    $now as seen_at
)

from raw.records as records

anti join raw.records as later
    on later.source = $source
    and later.stream = $stream
    and records.record_id = later.record_id
    and records.version + 1 = later.version
    and later.version > 1    -- few rows to look up in

where records.source = $source
    and records.stream = $stream
    and records.record_id in (select unnest($record_ids))
    and not records.tombstone;

-- name: counts
-- Counts the living records, and those marked as deleted since a given time:
-- first of the days of some windows, then of all days. Accepted deletions and
-- records without a usable id are not counted.
with

states as (

    select
        records.tombstone,
        records.filed_on >= coalesce($window_from::date, '0001-01-01'::date)
        and records.filed_on < coalesce($window_to::date, '9999-12-31'::date)
            as is_there

    from raw.records as records

    anti join raw.records as later
        on later.source = $source
        and later.stream = $stream
        and records.record_id = later.record_id
        and records.version + 1 = later.version
        and later.version > 1    -- few rows to look up in

    anti join raw.vanished as accepted
        on accepted.source = $source
        and accepted.stream = $stream
        and accepted.accepted_at is not null
        and records.tombstone
        and records.record_id = accepted.record_id
        and records.seen_at = accepted.closed_at

    where records.source = $source
        and records.stream = $stream
        and (not records.tombstone or records.seen_at >= $since)
        and records.record_id not like 'no-id:%'

)

select
    count(*) filter (where is_there and not tombstone) as living_there,
    count(*) filter (where is_there and tombstone) as gone_there,
    count(*) filter (where not tombstone) as living,
    count(*) filter (where tombstone) as gone

from states;
