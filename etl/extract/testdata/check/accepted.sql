-- What was accepted, by whom and why, and how much of it is gone.
select
    who,
    note,
    count(*) as records,
    count(closed_at) as closed

from raw.vanished

where accepted_at is not null

group by
    who,
    note

order by
    who,
    note
