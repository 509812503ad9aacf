-- Pages whose records are not in raw.records yet, oldest first.
select
    page_id,
    file,
    bytes,
    record_id is not null as is_single

from raw.pages

where source = $source
    and outcome = 'page'
    and not landed
    and fetched_at < $until

order by page_id
