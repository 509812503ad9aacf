-- The last day on which anything can have been spent: two years ahead.
alter table staging.setting_run add column if not exists latest_on date
