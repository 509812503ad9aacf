-- Leaves in the draft the records of one approval only.
delete from item_draft

where spend_id not in (

    select spend_id from delivery.approvals
    where decision_id = $decision_id

)
