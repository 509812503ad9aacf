select to_json(rows)::varchar as row

from canonical.quarantine as rows

order by rows.spend_id
