-- Every page, as page_copy takes it.
select
    page_id,
    run_id,
    source,
    stream,
    read_id,
    purpose,
    record_id,
    window_from,
    window_to,
    method,
    url,
    sha256,
    file,
    next_cursor,
    paging,
    outcome,
    message,
    faults,
    pass,
    page_number,
    status,
    bytes,
    records,
    expected,
    fetched_at

from raw.pages

order by page_id
