-- The largest spend record: something to look at first.
select spend_id

from canonical.spend

order by abs(amount) desc, spend_id

limit 1
