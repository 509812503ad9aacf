select
    currency,
    reporting_currency,
    coalesce(fx_source, '') as fx_source,
    count(*) as records,
    coalesce(min(fx_rate)::varchar, '') as lowest,
    coalesce(max(fx_rate)::varchar, '') as highest,
    coalesce(min(fx_date)::varchar, '') as first_day,
    coalesce(max(fx_date)::varchar, '') as last_day,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

group by currency, reporting_currency, fx_source

order by currency, fx_source nulls last
