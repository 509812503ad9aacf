select
    outcome,
    landed,
    count(*) as pages

from raw.pages

group by
    outcome,
    landed

order by
    outcome,
    landed
