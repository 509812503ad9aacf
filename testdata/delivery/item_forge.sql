-- What an unauthorised hand might do to the ledger.
update delivery.planned_items
set amount = $amount::decimal(18, 4)
where key = $key
