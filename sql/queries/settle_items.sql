update delivery.items
set settlement_id = $settlement_id
where batch_id = $batch_id
