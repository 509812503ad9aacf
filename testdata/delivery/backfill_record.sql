insert into raw.records by name

select
    'productive' as source,
    'expenses' as stream,
    $spend_id as record_id,
    1 as version,
    'page-' || $spend_id as page_id,
    1 as ordinal,
    '{}' as payload,
    '' as payload_hash,
    false as tombstone,
    timestamptz '2026-11-20 03:00:00+00' as seen_at
