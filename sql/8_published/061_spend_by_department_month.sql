-- One department in one month and currency, over all sources.
create or replace view spend_by_department_month as

select
    date_trunc('month', occurred_on)::date as month,
    department,
    currency,
    count(*) as records,
    sum(amount) as amount,
    any_value(reporting_currency) as reporting_currency,
    if(
        count(*) = count(amount_reporting),
        sum(amount_reporting),
        null
    ) as amount_reporting,
    count(*) - count(amount_reporting) as records_without_rate

from canonical.spend

group by month, department, currency
