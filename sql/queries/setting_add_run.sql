insert into staging.setting_run by name

select
    $reporting_currency as reporting_currency,
    $reporting_timezone as reporting_timezone,
    ($today::date + interval 2 years)::date as latest_on
