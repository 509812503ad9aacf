-- Lets go of the refused items of some records, so that they are sent again. A
-- later refusal is another matter.
insert into delivery.retried_items by name

select
    ledger_no,
    $decision_id as decision_id

from delivery.items

where spend_id in (select unnest($spend_ids::varchar[]))
    and state = 'rejected'
    and decision_id is null
    and ledger_no <= $ledger_no
