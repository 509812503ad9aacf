update delivery.items set target = $new where target = $old
