delete from delivery.dismissals
