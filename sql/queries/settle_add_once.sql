-- A decision about a record may be noted in several sent files.
insert into delivery.settlements by name

select
    $settlement_id as settlement_id,
    $subject as subject,
    $decision as decision,
    $decided_by as decided_by,
    $note as note,
    $at::timestamptz as decided_at

where $settlement_id not in (select settlement_id from delivery.settlements)
