-- raw.pages: one row per response of a vendor.

-- name: add
-- Adds pages from lines of journals.
insert into raw.pages by name

select
    * replace (coalesce(file, '') as file),
    $source as source,
    'GET' as method

from (

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

) as pages;

-- name: of_read
-- The pages that a read has kept so far.
select
    journal,
    page_id

from raw.pages

where read_id = $read_id
    and outcome = 'page'

order by page_id;

-- name: waiting
-- Pages whose records are not in raw.records yet, in the format of a journal,
-- oldest first.
select to_json(pages)::varchar as line

from (

    select * replace (
        faults::json as faults,
        strftime(fetched_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')
            as fetched_at
    )

    from raw.pages

    where source = $source
        and outcome = 'page'
        and not landed

) as pages

order by page_id;

-- name: set_outcome
-- Discards pages: none of their objects becomes a record.
update raw.pages

set
    outcome = $outcome,
    message = coalesce($message, message)

where page_id in (select unnest($page_ids));

-- name: set_landed
update raw.pages

set landed = true

where page_id in (select unnest($page_ids));

-- name: set_lost
-- Marks exactly the pages whose file is missing or damaged.
update raw.pages

set lost = case when file in (select unnest($files)) then true end

where file != ''
    and (
        lost is not null
        or file in (select unnest($files))
    );

-- name: set_journal
update raw.pages

set journal = $journal

where source = $source
    and journal is null;

-- name: newest
select coalesce(max(page_id), '') as page_id

from raw.pages

where source = $source;

-- name: files
select distinct
    file,
    bytes

from raw.pages

where outcome != 'damaged'
    and file != ''

order by file;
