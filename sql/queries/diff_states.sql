-- The diff with the state of the ledger that each record counts in.
create or replace temp view diff_states as

select
    diff.*,
    case
        when class = 'unknown' then 'unknown'
        when refused then 'rejected'
        when spend_id in (
            select spend_id from item_draft where gate is not null
        ) then 'held'
        when class = 'not_due' then 'not_due'
        when class = 'new' or action != 'list' then 'pending'
        else 'unsent_changes'
    end as state

from diff
