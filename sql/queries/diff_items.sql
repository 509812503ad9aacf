-- The items that count: all that are on their way or in doubt, wherever, and
-- of the others those at the record's home.
create or replace temp view diff_items as

select items.*

from diff_others as items

inner join diff_homes as homes
    on items.spend_id = homes.spend_id

where items.state in ('sending', 'unknown')
    or items.application = homes.application
