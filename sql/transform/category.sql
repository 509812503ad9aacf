-- Categories as people review them.

-- name: effect
-- What the lines in staging would rename, by month.
with

posted as (

    select distinct spend_id

    from delivery.items

    where state = 'accepted'

)

select
    strftime(spend.occurred_on, '%Y-%m') as month,
    spend.category_before as category,
    spend.category as into_category,
    count(*) as records,
    coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count(posted.spend_id) as posted

from category_spend as spend

left join posted
    on spend.spend_id = posted.spend_id

where spend.category_before != spend.category

group by month, spend.category_before, spend.category

order by month, spend.category_before, spend.category;

-- name: spend
-- All spend that has a category, as the lines in staging would name it, and the
-- deciding line.
create or replace temp view category_spend as

select
    spend.spend_id,
    spend.source,
    spend.category_raw,
    spend.category as category_before,
    coalesce(mapped.category, spend.category_raw) as category,
    mapped.position,
    spend.amount_reporting,
    spend.occurred_on

from canonical.spend as spend

left join int_categories_mapped as mapped
    on spend.source = mapped.source
    and spend.category_raw = mapped.category_raw

where spend.category_raw is not null;
