-- As raw.records has it.
alter table staging.procurify__transactions
add column if not exists fault varchar
