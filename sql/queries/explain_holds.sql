select
    key,
    gate,
    held_at,
    payload

from delivery.holds

where spend_id = $spend_id

order by held_at, key
