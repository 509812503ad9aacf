select coalesce(max(ledger_no), 0) as ledger_no

from delivery.items

where state != 'planned'
