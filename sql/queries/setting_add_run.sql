insert into staging.setting_run (reporting_currency, reporting_timezone)
values ($reporting_currency, $reporting_timezone)
