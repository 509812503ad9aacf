-- The batches that the refused items of a record were in.
select coalesce(batch_id, '') as batch_id

from delivery.items

where spend_id = $spend_id
    and state = 'rejected'
    and decision_id is null

order by ledger_no
