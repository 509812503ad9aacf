-- Versions of raw.records that say a record is gone.

-- name: add
-- Marks records as gone: a further version that repeats the last payload.
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

where records.source = $source
    and records.stream = $stream
    and records.record_id in (select unnest($record_ids))
    and not records.tombstone;
