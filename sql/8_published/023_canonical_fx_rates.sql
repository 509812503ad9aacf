create table canonical.fx_rates as

select
    currency,
    reporting_currency,
    valid_on,
    rate

from warehouse.canonical.fx_rates
