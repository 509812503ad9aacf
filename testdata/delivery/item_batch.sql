select batch_id

from delivery.items

where spend_id = $spend_id
    and batch_id is not null

order by ledger_no desc

limit 1
