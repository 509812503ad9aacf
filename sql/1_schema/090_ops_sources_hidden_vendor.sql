-- productive: what stands in for a vendor that is linked and not visible:
-- quarantine, title; null = quarantine.
alter table ops.sources add column if not exists hidden_vendor varchar
