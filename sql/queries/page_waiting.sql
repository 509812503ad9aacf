-- Pages whose records are not in raw.records yet, oldest first.
select
    page_id,
    read_id,
    stream,
    coalesce(record_id, '') as record_id,
    coalesce(window_from::varchar, '') as window_from,
    file,
    coalesce(faults, '') as faults,
    pass,
    bytes,
    records,
    fetched_at

from raw.pages

where source = $source
    and outcome = 'page'
    and not landed

order by page_id
