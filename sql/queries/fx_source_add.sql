insert into canonical.fx_source (sha256, reporting_currency)
values ($sha256, $reporting_currency)
