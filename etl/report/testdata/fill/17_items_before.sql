-- All other spend was accepted by the run before.
insert into delivery.planned_items by name

select
    'public-api.productiv.com/app-1' as target,
    spend_id as key,
    1 as attempt,
    spend_id,
    '20261119T030000Z-bbbbbb-001' as batch_id,
    '20261119T030000Z-bbbbbb' as run_id,
    source,
    page_id,
    1 as record_version,
    'spend' as kind,
    'accepted' as state,
    'finance' as record_schema,
    '{}' as payload,
    'ab' as payload_hash,
    'ab' as content_hash,
    100 + row_number() over () as ledger_no,
    currency,
    row_number() over () as ordinal,
    1 as version,
    amount,
    amount as sent_amount,
    0 as created_ms,
    md5_number_upper(spend_id)::decimal(20, 0) as key_hash,
    occurred_on,
    '2026-11-19T03:00:48Z'::timestamptz as planned_at

from canonical.spend as spend

anti join delivery.planned_items as items
    on spend.spend_id = items.spend_id
