-- All spend that has a category, as the lines now in staging would call it, and
-- the line that does.
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

where spend.category_raw is not null
