update delivery.items
set state = 'sending'
