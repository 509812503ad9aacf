insert into delivery.decisions by name

select
    $decision_id as decision_id,
    $subject as subject,
    $decision as decision,
    $decided_by as decided_by,
    $note as note,
    $ledger_no as ledger_no,
    $covers as covers,
    $at::timestamptz as decided_at

where $decision_id not in (select decision_id from delivery.decisions)
