-- What was left out of spend and why, with the amounts as received.
select
    'excluded' as place,
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    sum(source_amount)::varchar as source_amount

from canonical.excluded

group by all

union all

select
    'quarantine' as place,
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    sum(source_amount)::varchar as source_amount

from canonical.quarantine

group by all

order by place, source, reason, currency
