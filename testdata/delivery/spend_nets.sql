select
    spend_id,
    amount::decimal(18, 2)::varchar || ' ' || currency as net

from canonical.spend

order by spend_id
