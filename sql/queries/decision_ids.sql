select decision_id from delivery.decisions
