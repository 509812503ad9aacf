insert into delivery.decisions (
    decision_id, subject, decision, decided_by, note, ledger_no, decided_at
)
values ('s-1', '20261120T030000Z-cccccc-002', 'accepted', 'ada', 'found', 0, $decided_at)
