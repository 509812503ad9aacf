-- Records whose newest attempt did not end well, by state and currency.
with

newest as (

    select
        target,
        key,
        max(attempt) as attempt

    from delivery.items

    group by target, key

)

select
    items.state,
    items.currency,
    count(*) as records,
    sum(items.amount)::decimal(38, 4)::varchar as amount

from delivery.items as items

inner join newest
    on items.target = newest.target
    and items.key = newest.key
    and items.attempt = newest.attempt

where items.state in ('unknown', 'rejected')

group by items.state, items.currency

order by items.state, items.currency
