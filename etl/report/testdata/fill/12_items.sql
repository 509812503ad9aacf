insert into delivery.items (
    target, key, attempt, spend_id, batch_id, run_id, source, page_id,
    record_version, kind, state, record_schema, payload,
    payload_hash, content_hash, ledger_no, currency, message,
    ordinal, version, amount, created_ms, occurred_on, updated_at
)

select
    'public-api.productiv.com/app-1',
    spend_id,
    1,
    spend_id,
    '20261120T030000Z-cccccc-00' || case when record_id in ('4389', '4390') then 2 else 1 end,
    '20261120T030000Z-cccccc',
    source,
    page_id,
    1,
    'spend',
    case when record_id in ('4389', '4390') then $state when record_id = '4391' then $refused else 'accepted' end,
    'finance',
    '{}',
    'ab',
    'ab',
    row_number() over (),
    currency,
    case when record_id = '4391' then 'vendor must not be <b>longer</b> than 60 characters' end,
    row_number() over (),
    1,
    amount,
    0,
    occurred_on,
    '2026-11-20T03:00:48Z'

from canonical.spend

where record_id::integer between 4348 and 4400
