-- The newest pass of one read, as far as it came.
select
    page_id,
    pass,
    page_number,
    file,
    next_cursor,
    paging,
    expected

from raw.pages

where read_id = $read_id
    and outcome = 'page'
    and pass = (
        select max(pass)
        from raw.pages
        where read_id = $read_id
    )

order by page_number
