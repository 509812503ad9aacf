-- Amount and currency of quarantine came after this version.
select to_json(rows)::varchar as row

from (

    select * exclude (amount, currency)

    from canonical.quarantine
) as rows

order by spend_id
