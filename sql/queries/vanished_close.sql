-- Ends what an acceptance may do: the record is gone, or was found again.
update raw.vanished

set closed_at = $now

where source = $source
    and stream = $stream
    and record_id in (select unnest($record_ids))
    and accepted_at is not null
    and closed_at is null
