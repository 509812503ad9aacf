insert into raw.records by name

select
    'productive' as source,
    stream,
    n::varchar as record_id,
    1 as version,
    'page-1' as page_id,
    2 as ordinal,
    json_object('id', n::varchar, 'type', stream, 'attributes', json_object(
        'name', 'Vendor ' || n, 'email', 'p' || n || '@example.com',
        'first_name', 'Ada', 'last_name', 'King ' || n
    )) as payload,
    md5(payload::varchar) as payload_hash,
    false as tombstone,
    timestamptz '2026-01-01 00:00:00+00' as seen_at

from range(3000) as numbers (n)

cross join (values ('people'), ('companies'), ('service_types')) as streams (stream)
