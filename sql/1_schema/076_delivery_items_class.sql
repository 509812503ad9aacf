-- Why the item was planned: new, changed, touched, withdrawn. Null in items of
-- older versions.
alter table delivery.items add column class varchar
