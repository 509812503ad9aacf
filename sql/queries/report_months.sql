select
    date_trunc('month', occurred_on)::date as month,
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (where amount_reporting is null) as unpriced

from canonical.spend

group by month

order by month
