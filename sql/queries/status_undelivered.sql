-- What is not delivered and nobody signed for, in records and money.
select
    class,
    state,
    coalesce(currency, '') as currency,
    count(*) as records,
    count(*) filter (reversed) as reversed,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount

from delivery.undelivered

where not settled

group by class, state, currency

order by class, state, currency
