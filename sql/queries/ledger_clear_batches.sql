delete from delivery.batches
