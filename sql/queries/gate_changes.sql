-- Holds what would change or take back delivered records, if it is more than
-- the limit.
update item_draft

set gate = 'hold_changes_above'

where gate is null
    and not approved
    and class in ('changed', 'withdrawn', 'touched')
    and $above < (

        select count(distinct spend_id)

        from item_draft

        where class in ('changed', 'withdrawn', 'touched')
            and not approved

    )
