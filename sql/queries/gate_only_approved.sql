-- Leaves in the draft the records of one approval only.
delete from item_draft

where spend_id not in (

    select spend_id from delivery.holds
    where settlement_id = $settlement_id

)
