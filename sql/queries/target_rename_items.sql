update delivery.planned_items set target = $new where target = $old
