-- The time of a change is some milliseconds earlier in a ledger that was
-- rebuilt from the sent files.
select to_json(rows)::varchar as row

from (
    select * exclude (updated_at, sent_amount, key_hash)

    from delivery.items
) as rows

order by rows.target, rows.key, rows.attempt
