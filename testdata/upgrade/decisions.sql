select to_json(rows)::varchar as row

from delivery.decisions as rows

order by rows.decision_id
