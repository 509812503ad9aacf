update raw.pages set records = 999

where page_id = (select min(page_id) from raw.pages where records > 0)
