update delivery.batches set target = 'productiv.example/app-1'
