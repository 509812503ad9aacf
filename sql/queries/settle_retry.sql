-- Lets go of the refused items of some records, so that they are sent again. A
-- later refusal is another matter.
update delivery.items

set decision_id = $decision_id

where spend_id in (select unnest($spend_ids::varchar[]))
    and state = 'rejected'
    and decision_id is null
    and ledger_no <= $ledger_no
