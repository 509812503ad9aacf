-- All that a rebuilt ledger must hold again.
select * exclude (ledger_no, updated_at)

from delivery.items

order by batch_id, ordinal, key
