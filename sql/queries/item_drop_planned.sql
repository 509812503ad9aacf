-- What was planned and never stored is planned afresh from what canonical
-- says now.
delete from delivery.planned_items

where state = 'planned'
    and ledger_no in (

        select ledger_no from delivery.items
        where state = 'planned'

    )
