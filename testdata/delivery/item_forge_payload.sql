-- What an unauthorised hand might do to the ledger.
update delivery.planned_items
set payload = replace(payload, $old, $new)
where key = $key
