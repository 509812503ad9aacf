-- Pages whose records are not in raw.records yet, oldest first. Those of open
-- reads wait until it is known which pass counts.
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
    and read_id not in (select unnest($open_reads::varchar[]))

order by page_id
