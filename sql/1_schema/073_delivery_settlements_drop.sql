drop table delivery.settlements
