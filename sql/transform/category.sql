-- Categories as people review them.

-- name: effect
-- What the lines in staging would rename, by month.
select
    strftime(occurred_on, '%Y-%m') as month,
    category_before as category,
    category as into_category,
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count_if(spend_id in (
        select spend_id from delivery.items where state = 'accepted'
    )) as posted

from category_spend

where category_before != category

group by all

order by all;

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
    using (source, category_raw)

where spend.category_raw is not null;
