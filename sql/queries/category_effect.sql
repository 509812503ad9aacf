-- What the lines now in staging would rename, by month.
with

posted as (

    select distinct spend_id

    from delivery.items

    where state = 'accepted'

)

select
    strftime(spend.occurred_on, '%Y-%m') as month,
    spend.category_before,
    spend.category,
    count(*) as records,
    coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count(posted.spend_id) as posted

from category_spend as spend

left join posted
    on spend.spend_id = posted.spend_id

where spend.category_before != spend.category

group by month, spend.category_before, spend.category

order by month, spend.category_before, spend.category
