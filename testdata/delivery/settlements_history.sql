select * from delivery.settlements
order by settlement_id
