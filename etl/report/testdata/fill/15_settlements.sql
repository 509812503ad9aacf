insert into delivery.settlements (
    settlement_id, subject, decision, decided_by, note, decided_at
)
values ('s-1', '20261120T030000Z-cccccc-002', 'accepted', 'ada', 'found', $decided_at)
