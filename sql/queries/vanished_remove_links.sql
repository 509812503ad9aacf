-- Takes the links off the list of what waits.
delete from raw.vanished

where source = $source
    and stream = $stream
    and record_id is null
    and accepted_at is null
