-- The items of all other records of the ledger, whatever became of them.
create or replace temp table diff_others as

with

others as (

    select items.ledger_no

    from delivery.planned_items as items

    anti join diff_same as same
        on items.spend_id = same.spend_id

)

select
    items.* exclude (payload),
    coalesce(targets.application, items.target) as application

from delivery.items as items

semi join others
    on items.ledger_no = others.ledger_no

left join delivery.targets as targets
    on items.target = targets.target

where items.state != 'planned'
