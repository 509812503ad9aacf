delete from delivery.items
