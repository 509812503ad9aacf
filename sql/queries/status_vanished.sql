-- What runs have listed as vanished and nobody has accepted.
select
    source,
    count(record_id) as records,
    bool_or(record_id is null) as is_links,
    min(listed_at) as listed_at

from raw.vanished

where accepted_at is null

group by source

order by source
