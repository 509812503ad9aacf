update delivery.items set target = 'productiv.example/app-1'
