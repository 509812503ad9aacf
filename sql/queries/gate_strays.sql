-- Held items that would not be posted today as they were held.
select holds.key

from delivery.holds as holds

left join item_draft as draft
    on holds.target = draft.target
    and holds.key = draft.key
    and holds.payload_hash = md5(draft.payload)

where draft.key is null

order by holds.key
