update delivery.holds
set settlement_id = $settlement_id
where settlement_id is null
