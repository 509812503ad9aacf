select
    source,
    currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

group by source, currency

order by source, currency
