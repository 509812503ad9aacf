delete from delivery.settlements
