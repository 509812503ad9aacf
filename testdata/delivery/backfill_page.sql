insert into raw.pages by name

select
    'page-' || $spend_id as page_id,
    'backfill-' || $spend_id as run_id,
    'productive' as source,
    'expenses' as stream,
    'read' as read_id,
    'window' as purpose,
    'GET' as method,
    '/' as url,
    '' as sha256,
    '' as file,
    'page' as outcome,
    1 as pass,
    1 as page_number,
    200 as status,
    0 as bytes,
    1 as records,
    true as landed,
    timestamptz '2026-11-20 03:00:00+00' as fetched_at
