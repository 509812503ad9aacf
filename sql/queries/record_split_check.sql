-- Pages whose file no longer holds as many records as were counted when it
-- was fetched, or records without an id.
select
    pages.file,
    pages.records as expected,
    count(incoming.record_id) as found

from raw.pages as pages

left join record_incoming as incoming
    on pages.page_id = incoming.page_id
    and incoming.is_record

where pages.page_id in (select unnest($page_ids))

group by
    pages.page_id,
    pages.file,
    pages.records

having count(incoming.record_id) != pages.records
