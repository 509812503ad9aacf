delete from delivery.planned_items
