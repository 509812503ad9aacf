alter table delivery.items rename column settlement_id to decision_id
