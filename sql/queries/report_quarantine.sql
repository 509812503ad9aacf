select
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    coalesce(sum(source_amount)::decimal(38, 4)::varchar, '') as source_amount

from canonical.quarantine

group by all

order by reason, source, currency
