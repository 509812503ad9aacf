-- The newest page of a source.
select coalesce(max(page_id), '') as page_id

from raw.pages

where source = $source
