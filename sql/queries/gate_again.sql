-- What a gate held stays held, however long it waits. Whether the folder and
-- the target are the right ones is seen afresh each time.
update item_draft

set gate = holds.gate

from (

    select
        spend_id,
        min(gate) as gate

    from delivery.holds

    where gate not in ('folder', 'target')

    group by spend_id

) as holds

where item_draft.spend_id = holds.spend_id
    and item_draft.gate is null
    and not item_draft.approved
    and not item_draft.reversed
