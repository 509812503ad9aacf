delete from delivery.marker
