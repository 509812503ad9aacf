drop table delivery.holds
