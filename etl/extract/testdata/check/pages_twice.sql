-- Pages by cursor that were committed more than once: none, if a killed run
-- was continued where it stood.
select
    url,
    count(*) as times

from raw.pages

where outcome = 'page'
    and paging = 'cursor'
    and record_id is null

group by url

having count(*) > 1
