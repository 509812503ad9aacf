-- raw.absences: records that a read did not find, once.

-- name: list
-- What proven reads did not find.
select
    record_id,
    read_id

from raw.absences

where source = $source
    and stream = $stream

order by
    record_id,
    missed_at;

-- name: add
-- Notes what a proven read did not find.
insert into raw.absences by name

select
    $source as source,
    $stream as stream,
    unnest($record_ids) as record_id,
    $read_id as read_id,
    $now as missed_at;

-- name: again
-- Forgets that records were missed again: that they were missed before is
-- enough.
delete from raw.absences

where source = $source
    and stream = $stream
    and read_id in (select unnest($read_ids))
    and record_id in (

        select earlier.record_id

        from raw.absences as earlier

        where earlier.source = $source
            and earlier.stream = $stream
            and earlier.read_id not in (select unnest($read_ids))

    );

-- name: remove
delete from raw.absences

where source = $source
    and stream = $stream
    and record_id in (select unnest($record_ids));
