-- A record of June seems to have vanished; that of January was accepted.
insert into raw.vanished by name

select
    'procurify' as source,
    'transactions' as stream,
    'spend-' || month as record_id,
    '20260901T020000Z-000001' as run_id,
    timestamptz '2026-09-01 02:00:00Z' as listed_at,
    accepted_at

from (
    values
    (6, null),
    (1, timestamptz '2026-09-01 03:00:00Z')
) as records (month, accepted_at)
