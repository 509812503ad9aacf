-- What the vendors' records did while a run lasted.
select
    source,
    stream,
    count(*) filter (where version = 1) as added,
    count(*) filter (where version > 1 and not tombstone) as changed,
    count(*) filter (where tombstone) as gone

from raw.records

where seen_at >= $started_at
    and seen_at <= $finished_at

group by source, stream

order by source, stream
