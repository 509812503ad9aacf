select batch_id from delivery.batches
