delete from raw.absences

where source = $source
    and stream = $stream
    and record_id in (select unnest($record_ids))
