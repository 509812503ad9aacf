-- The diff in money: what each class would add at Productiv. A record whose
-- currency changed counts in both.
with

sides as (

    select class, refused, source, spend_id, currency, amount
    from diff
    where currency is not null

    union all by name

    select
        class,
        refused,
        source,
        spend_id,
        standing_currency as currency,
        -standing_amount as amount

    from diff

    where standing_currency is not null

)

select
    case when refused then 'rejected' else class end as class,
    source,
    currency,
    count(distinct spend_id) as records,
    sum(amount)::varchar as amount

from sides

group by all

order by class, source, currency
