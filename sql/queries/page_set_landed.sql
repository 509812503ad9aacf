update raw.pages

set landed = true

where page_id in (select unnest($page_ids))
