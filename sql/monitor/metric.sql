-- The figures of /metrics.

-- name: items
-- Posted records by the state of their newest attempt, in money too.
with

newest as (

    select
        max_by(
            {'state': state, 'currency': currency, 'amount': amount}, attempt
        ) as item

    from delivery.items

    group by target, key

)

select
    item.state,
    item.currency,
    count(*) as records,
    sum(item.amount)::decimal(38, 4)::varchar as amount

from newest

group by all

order by all;

-- name: spend
select
    source,
    currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

group by all

order by all;
