-- How many records each application has accepted.
select
    targets.application,
    count(distinct items.spend_id) as records

from delivery.items as items

inner join delivery.targets as targets
    on items.target = targets.target

where items.state = 'accepted'

group by targets.application
