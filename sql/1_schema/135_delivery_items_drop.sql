drop table delivery.items
