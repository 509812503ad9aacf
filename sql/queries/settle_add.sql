insert into delivery.settlements by name

select
    $settlement_id as settlement_id,
    $subject as subject,
    $decision as decision,
    $decided_by as decided_by,
    $note as note,
    $at::timestamptz as decided_at
