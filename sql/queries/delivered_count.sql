select
    count(*) filter (keys.key is not null) as booked,
    count(*) filter (keys.key is not null and keys.amount is null)
        as unverified,
    count(*) filter (keys.key is null) as unlisted

from item_draft as draft

left join delivered_keys as keys
    on draft.spend_id = keys.spend_id
    and keys.times = 1
    and keys.key is not null

where draft.kind = 'spend'
