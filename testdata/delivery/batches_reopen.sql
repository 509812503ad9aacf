update delivery.batches
set state = 'sending', finished_at = null, status = null
