-- The ids that are spelt most like one that nothing has.
select spend_id

from (

    select spend_id from canonical.spend
    union all
    select spend_id from canonical.excluded
    union all
    select spend_id from canonical.quarantine

) as known

order by levenshtein(spend_id, $id), spend_id

limit 3
