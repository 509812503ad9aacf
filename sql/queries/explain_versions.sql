select
    records.version,
    records.seen_at,
    records.tombstone,
    records.payload::varchar as payload,
    records.page_id,
    records.ordinal,
    coalesce(pages.run_id, '') as run_id,
    coalesce(pages.url, '') as url,
    coalesce(pages.file, '') as file

from raw.records as records

left join raw.pages as pages
    on records.page_id = pages.page_id

where records.source = $source
    and records.stream = $stream
    and records.record_id = $record_id

order by records.version
