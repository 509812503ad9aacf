-- Adds what a journal has of some pages.
insert into raw.pages (
    page_id, run_id, source, stream, read_id,
    purpose, record_id, window_from, window_to, method, url, sha256, file,
    next_cursor, paging, outcome, message, faults, journal,
    pass, page_number, status, bytes, records, expected,
    landed,
    fetched_at
)

with

pages as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "run_id": "VARCHAR", "stream": "VARCHAR",
            "read_id": "VARCHAR", "purpose": "VARCHAR", "record_id": "VARCHAR",
            "window_from": "VARCHAR", "window_to": "VARCHAR",
            "url": "VARCHAR", "sha256": "VARCHAR", "file": "VARCHAR",
            "next_cursor": "VARCHAR", "paging": "VARCHAR",
            "outcome": "VARCHAR", "message": "VARCHAR", "faults": "JSON",
            "journal": "VARCHAR", "pass": "INTEGER", "page_number": "INTEGER",
            "status": "SMALLINT", "bytes": "BIGINT", "records": "INTEGER",
            "expected": "INTEGER", "landed": "BOOLEAN", "fetched_at": "VARCHAR"
        }]'),
        max_depth := 2
    )

)

select

    ---------- ids
    page_id,
    run_id,
    $source as source,
    stream,
    read_id,

    ---------- text
    purpose,
    record_id,
    window_from::date as window_from,
    window_to::date as window_to,
    'GET' as method,
    url,
    sha256,
    coalesce(file, '') as file,
    next_cursor,
    paging,
    outcome,
    message,
    faults::varchar as faults,
    journal,

    ---------- numerics
    pass,
    page_number,
    status,
    bytes,
    records,
    expected,

    ---------- booleans
    landed,

    ---------- timestamps
    fetched_at::timestamptz as fetched_at

from pages
