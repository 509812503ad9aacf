-- The items of the ledger that count: all that are on their way or in doubt,
-- wherever, and of the others those at the record's home.
create or replace temp view diff_items as

select
    items.*,
    coalesce(targets.application, items.target) as application

from delivery.items as items

inner join diff_homes as homes
    on items.spend_id = homes.spend_id

left join delivery.targets as targets
    on items.target = targets.target

where items.state in ('sending', 'unknown')
    or items.state != 'planned'
    and coalesce(targets.application, items.target) = homes.application
