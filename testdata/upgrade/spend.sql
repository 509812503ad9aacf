select to_json(rows)::varchar as row

from canonical.spend as rows

order by rows.spend_id
