select
    reason,
    source,
    count(*) as records

from canonical.quarantine

group by reason, source

order by records desc, reason, source
