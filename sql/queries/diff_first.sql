-- The first records of the draft as they stand at Productiv and as they would
-- be posted.
select
    draft.spend_id,
    draft.class,
    draft.kind,
    draft.key,
    coalesce(draft.gate, '') as gate,
    coalesce(standing.payload, '') as before,
    draft.payload as after

from item_draft as draft

inner join diff
    on draft.spend_id = diff.spend_id

left join delivery.planned_items as standing
    on diff.standing_no = standing.ledger_no

order by
    draft.class = 'new', draft.occurred_on, draft.spend_id, draft.follows

limit $most
