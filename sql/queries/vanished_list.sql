-- What waits, and what was accepted and is not gone yet.
select
    record_id,
    accepted_at is not null as is_accepted

from raw.vanished

where source = $source
    and stream = $stream
    and record_id is not null
    and closed_at is null

order by record_id
