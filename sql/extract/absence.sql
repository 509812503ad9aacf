-- raw.absences: one row per record that a proven read of its window missed.

-- name: list
select
    record_id,
    read_id

from raw.absences

where (source, stream) = ($source, $stream)

order by
    record_id,
    missed_at;

-- name: add
insert into raw.absences by name

select
    $source as source,
    $stream as stream,
    unnest($record_ids) as record_id,
    $read_id as read_id,
    $now as missed_at;

-- name: again
-- Removes what these reads missed again: the first read that missed it is
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
