-- Tombstones of a source in the order in which they were written among pages,
-- without a clock: each before the page that showed its record again, else at
-- the end.
select
    graves.stream,
    graves.seen_at,
    coalesce(revived.page_id, '') as before,
    list(graves.record_id order by graves.record_id)::varchar[] as record_ids

from raw.records as graves

left join raw.records as revived
    on graves.source = revived.source
    and graves.stream = revived.stream
    and graves.record_id = revived.record_id
    and graves.version + 1 = revived.version

where graves.tombstone
    and graves.source = $source

group by
    graves.stream,
    graves.seen_at,
    revived.page_id

order by
    revived.page_id nulls last,
    graves.seen_at
