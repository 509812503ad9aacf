select
    source,
    stream,
    seen_at,
    list(record_id order by record_id)::varchar[] as record_ids

from raw.records

where tombstone

group by
    source,
    stream,
    seen_at

order by seen_at
