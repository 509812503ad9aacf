-- Settlements are decisions.
insert into delivery.decisions by name

select
    settlement_id as decision_id,
    subject,
    decision,
    decided_by,
    note,
    coalesce((select max(ledger_no) from delivery.items), 0) as ledger_no,
    decided_at

from delivery.settlements
