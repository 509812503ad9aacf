select distinct record_id

from raw.records

where tombstone

order by record_id
