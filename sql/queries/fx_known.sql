-- Whether the loaded rates come from this file and are for this currency.
select count(*) > 0 as known

from canonical.fx_source

where sha256 = $sha256
    and reporting_currency = $reporting_currency
