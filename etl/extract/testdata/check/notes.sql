select coalesce(payload ->> 'note', payload -> 'attributes' ->> 'note') as note

from raw.records

where record_id = $record_id

order by version
