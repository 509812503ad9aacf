-- ISO 4217; null = unreadable.
alter table canonical.quarantine add column if not exists currency varchar
