-- The lines of journals that stand for pages which are pruned.
select
    source,
    journal,
    page_id

from prunable_pages

where journal is not null
