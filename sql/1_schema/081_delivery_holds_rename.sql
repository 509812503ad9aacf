alter table delivery.holds_open rename to holds
