-- delivery.decisions: one row per decision.

-- name: any
select count(*) > 0 as decided from delivery.decisions;

-- name: ids
select decision_id from delivery.decisions order by decision_id;

-- name: last_no
select coalesce(max(ledger_no), 0) as ledger_no

from delivery.items

where state != 'planned';

-- name: add
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

where $decision_id not in (select decision_id from delivery.decisions);

-- name: add_dismissal
insert into delivery.dismissals by name

select
    $decision_id as decision_id,
    unnest(
        from_json($covers, '[{
            "spend_id": "VARCHAR", "difference": "VARCHAR"
        }]'),
        recursive := true
    );
