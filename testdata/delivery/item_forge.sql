-- What an unauthorised hand might do to the ledger.
update delivery.items
set amount = $amount::decimal(18, 4)
where key = $key
