delete from delivery.targets
