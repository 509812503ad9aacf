-- The vendors that money went to, most first. Refunds count against them.
select
    vendor,
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (where amount_reporting is null) as unpriced

from canonical.spend

group by vendor

order by sum(amount_reporting) desc nulls last, vendor

limit $limit
