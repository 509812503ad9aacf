-- raw.pages: one row per response of a vendor.

-- name: of_read
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
    page_number;

-- name: waiting
-- Pages whose records are not in raw.records yet, oldest first.
select
    page_id,
    read_id,
    stream,
    coalesce(record_id, '') as record_id,
    coalesce(window_from::varchar, '') as window_from,
    file,
    coalesce(faults, '') as faults,
    pass,
    bytes,
    records,
    fetched_at

from raw.pages

where source = $source
    and outcome = 'page'
    and not landed

order by page_id;

-- name: backlog
-- The pages of a version without journals as lines of one, in the order in
-- which they were kept, those whose records are not in raw.records yet last.
select
    json_object(
        'page_id', page_id,
        'run_id', run_id,
        'stream', stream,
        'read_id', read_id,
        'purpose', purpose,
        'record_id', record_id,
        'window_from', window_from::varchar,
        'window_to', window_to::varchar,
        'url', url,
        'sha256', sha256,
        'file', file,
        'next_cursor', next_cursor,
        'paging', paging,
        'outcome', outcome,
        'message', message,
        'faults', faults::json,
        'pass', pass,
        'page_number', page_number,
        'status', status,
        'bytes', bytes,
        'records', records,
        'expected', expected,
        'fetched_at', strftime(
            fetched_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ'
        )
    )::varchar as page,
    landed or outcome != 'page' as has_landed

from raw.pages

where source = $source
    and (journal is null or journal = '00000000-0000-0000-0000-000000000000')

order by
    has_landed desc,
    page_id;

-- name: supersede
-- The pages of passes before the given one, which a later pass has replaced:
-- nothing of them becomes a record. What has landed already stays.
update raw.pages

set outcome = 'superseded'

where read_id = $read_id
    and outcome = 'page'
    and not landed
    and pass < $pass;

-- name: set_landed
update raw.pages

set landed = true

where page_id in (select unnest($page_ids));

-- name: set_damaged
-- Gives a page up whose file was damaged before its records landed.
update raw.pages

set
    outcome = 'damaged',
    message = $message

where page_id = $page_id;

-- name: set_lost
-- Marks the pages whose file was missing or damaged, and no others.
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
-- The newest page of a source.
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

-- name: sources
select distinct source from raw.pages order by source;

-- name: bad_included
-- Included objects of a run's pages that could not be read, each once.
with

faults as (

    select
        file,
        records,
        unnest(
            from_json(faults, '[{
                "ordinal": "INTEGER", "record_id": "VARCHAR",
                "reason": "VARCHAR", "detail": "VARCHAR"
            }]'),
            recursive := true
        )

    from raw.pages

    where run_id = $run_id
        and source = $source
        and faults is not null

)

select
    record_id,
    reason,
    detail,
    min(file) as file,
    arg_min(ordinal, file) as ordinal

from faults

where ordinal > records

group by record_id, reason, detail

order by record_id, reason, detail;
