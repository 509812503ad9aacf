-- Takes records off the list of what waits.
delete from raw.vanished

where source = $source
    and stream = $stream
    and record_id in (select unnest($record_ids))
    and accepted_at is null
