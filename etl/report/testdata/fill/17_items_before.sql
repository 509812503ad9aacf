-- All other spend was accepted by the run before.
insert into delivery.items (
    target, key, attempt, spend_id, batch_id, run_id, source, page_id,
    record_version, kind, state, record_schema, payload,
    payload_hash, content_hash, ledger_no, currency,
    ordinal, version, amount, created_ms, occurred_on, updated_at
)

select
    'public-api.productiv.com/app-1',
    spend_id,
    1,
    spend_id,
    '20261119T030000Z-bbbbbb-001',
    '20261119T030000Z-bbbbbb',
    source,
    page_id,
    1,
    'spend',
    'accepted',
    'finance',
    '{}',
    'ab',
    'ab',
    100 + row_number() over (),
    currency,
    row_number() over (),
    1,
    amount,
    0,
    occurred_on,
    '2026-11-19T03:00:48Z'

from canonical.spend as spend

anti join delivery.items as items
    on spend.spend_id = items.spend_id
