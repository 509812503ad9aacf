delete from delivery.decisions
