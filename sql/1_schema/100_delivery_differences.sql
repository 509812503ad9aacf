alter table delivery.undelivered rename to differences
