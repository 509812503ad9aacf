select tombstone

from raw.records

where stream = $stream
    and record_id = $record_id

order by version
