-- The items of all other records of the ledger, whatever became of them.
create or replace temp table diff_others as

select
    items.* exclude (payload),
    coalesce(targets.application, items.target) as application

from delivery.items as items

anti join diff_same as same
    on items.spend_id = same.spend_id

left join delivery.targets as targets
    on items.target = targets.target

where items.state != 'planned'
