insert into delivery.retried_items by name

select
    ledger_no,
    decision_id

from delivery.items

where decision_id is not null
