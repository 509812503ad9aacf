select filed_on::varchar as day

from raw.records

where record_id = $record_id
    and stream = 'expenses'

order by version
