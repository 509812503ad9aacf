-- One vendor in one month and currency, over all sources. The amount in the
-- reporting currency is null as soon as one record has no rate: a sum of some
-- would look like the sum of all.
create or replace view spend_by_vendor_month as

select
    date_trunc('month', occurred_on)::date as month,
    vendor_key,
    any_value(vendor) as vendor,
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

group by month, vendor_key, currency
