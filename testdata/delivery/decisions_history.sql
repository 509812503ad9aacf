select * from delivery.decisions
order by decision_id
