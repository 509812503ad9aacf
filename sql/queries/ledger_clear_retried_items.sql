delete from delivery.retried_items
