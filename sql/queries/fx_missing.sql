-- What could not be converted, by source and currency.
select
    source,
    currency,
    reporting_currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

where amount_reporting is null

group by source, currency, reporting_currency

order by source, currency
