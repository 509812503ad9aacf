-- The pages of one read, as far as it came.
select
    page_id,
    coalesce(journal, '') as journal,
    pass,
    file,
    next_cursor,
    paging,
    expected

from raw.pages

where read_id = $read_id
    and outcome = 'page'

order by
    pass,
    page_number
