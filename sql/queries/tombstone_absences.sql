-- What proven reads did not find.
select
    record_id,
    read_id

from raw.absences

where source = $source
    and stream = $stream

order by
    record_id,
    missed_at
