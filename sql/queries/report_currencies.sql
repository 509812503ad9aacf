select
    currency,
    max(currency_exponent) as exponent,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar
        as amount_reporting,
    count(*) filter (where amount_reporting is null) as unpriced

from canonical.spend

group by currency

order by sum(amount_reporting) desc nulls last, currency
