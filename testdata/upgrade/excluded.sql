select to_json(rows)::varchar as row

from canonical.excluded as rows

order by rows.spend_id
