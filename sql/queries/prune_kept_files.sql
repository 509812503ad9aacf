-- The files that a page which stays names.
select distinct file

from raw.pages

where file != ''
    and page_id not in (select prunable_pages.page_id from prunable_pages)
