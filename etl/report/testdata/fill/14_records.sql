insert into raw.records (
    source, stream, record_id, version, page_id, ordinal, payload,
    payload_hash, tombstone, seen_at
)

select
    case when n % 3 = 0 then 'procurify' else 'productive' end,
    case when n % 3 = 0 then 'transactions' else 'expenses' end,
    n::varchar,
    case when n < 4360 then 2 else 1 end,
    'page-1',
    n,
    '{}',
    'ab',
    n % 17 = 0,
    '2026-11-20T03:00:15Z'

from (select unnest(range(4350, 4401)) as n)
