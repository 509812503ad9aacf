-- One item that a gate holds: exactly what would be posted, as the last load
-- listed it. It stays until it is approved, settled or gone.
create table delivery.holds_open as

select * exclude (settlement_id)

from delivery.holds

where settlement_id is null
