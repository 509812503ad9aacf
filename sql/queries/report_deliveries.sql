-- What a run's items came to.
select
    state,
    kind,
    currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from delivery.items

where run_id = $run_id

group by state, kind, currency

order by state, kind, currency
