-- Forgets that a record was missed again: that it was missed before is enough.
delete from raw.absences

where source = $source
    and stream = $stream
    and record_id in (select unnest($record_ids))
    and read_id in (select unnest($read_ids))
