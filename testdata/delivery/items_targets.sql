select
    key,
    target

from delivery.items

where state = 'accepted'

order by key
