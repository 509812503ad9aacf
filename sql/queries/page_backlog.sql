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
    page_id
