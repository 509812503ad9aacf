-- Lets go of the refused items of a record, so that it is sent again.
update delivery.items

set settlement_id = $settlement_id

where spend_id = $spend_id
    and state = 'rejected'
    and settlement_id is null
