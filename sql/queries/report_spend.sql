-- All spend in one row.
select
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (where amount_reporting is null) as unpriced,
    count(distinct vendor) as vendors,
    coalesce(min(reporting_currency), '') as reporting_currency,
    coalesce(min(occurred_on)::varchar, '') as first_day,
    coalesce(max(occurred_on)::varchar, '') as last_day

from canonical.spend
