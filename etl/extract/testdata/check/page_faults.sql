-- Pages of one pass that were stored twice.
select
    read_id,
    pass,
    page_number

from raw.pages

where outcome = 'page'
    and record_id is null

group by
    read_id,
    pass,
    page_number

having count(*) > 1
