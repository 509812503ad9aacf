alter table delivery.batches rename column settlement_id to decision_id
