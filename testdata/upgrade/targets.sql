select to_json(rows)::varchar as row

from delivery.targets as rows

order by rows.target
