select to_json(rows)::varchar as row

from delivery.holds as rows

order by rows.key
