insert into delivery.approvals by name

select
    settlement_id as decision_id,
    target,
    key,
    spend_id,
    payload_hash

from delivery.holds

where settlement_id is not null
