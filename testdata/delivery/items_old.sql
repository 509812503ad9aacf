update delivery.planned_items set target = 'productiv.example/app-1'
