-- What became of the batch that a record is in.
select batches.state

from delivery.items as items

inner join delivery.batches as batches
    on items.batch_id = batches.batch_id

where items.spend_id = $spend_id

order by items.ledger_no desc

limit 1
