update delivery.batches set target = $new where target = $old
