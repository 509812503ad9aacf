-- As raw.records has it.
alter table staging.productive__expenses add column if not exists fault varchar
