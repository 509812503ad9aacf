-- In major units; null = unreadable.
alter table canonical.quarantine add column if not exists amount decimal(18, 4)
