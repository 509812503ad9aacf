select spend_id

from delivery.undelivered

where class = $class
    and not settled

order by spend_id
