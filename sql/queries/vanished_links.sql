-- The links that lack as somebody accepted them last.
select
    detail,
    accepted_at

from raw.vanished

where source = $source
    and stream = $stream
    and record_id is null
    and accepted_at is not null

order by accepted_at desc

limit 1
