delete from raw.pages

where page_id in (select prunable_pages.page_id from prunable_pages)
