-- Holds what would change or take back delivered records, if it is more than
-- the limit. What a person has approved as it is passes.
update item_draft

set gate = 'hold_changes_above'

where class in ('changed', 'withdrawn')
    and (key, md5(payload)) not in (
        select (key, payload_hash) from delivery.holds
        where settlement_id is not null
    )
    and $above < (

        select count(distinct spend_id)

        from item_draft

        where class in ('changed', 'withdrawn')
            and (key, md5(payload)) not in (
                select (key, payload_hash) from delivery.holds
                where settlement_id is not null
            )

    )
