-- Lets go of the refused items of a record, so that it is sent again. A later
-- refusal is another matter.
update delivery.items

set decision_id = $decision_id

where spend_id = $spend_id
    and state = 'rejected'
    and decision_id is null
    and ledger_no <= $ledger_no
