insert into delivery.items by name

select
    'host/app-1' as target,
    'a-' || ledger_no as key,
    1 as attempt,
    'a-' || ledger_no as spend_id,
    batch_id,
    'run' as run_id,
    'productive' as source,
    decision_id,
    'spend' as kind,
    state,
    'finance' as record_schema,
    '{"amount":' || ledger_no || '.50}' as payload,
    'ab' as payload_hash,
    'ab' as content_hash,
    'USD' as currency,
    message,
    ledger_no,
    ordinal,
    1 as version,
    ledger_no + 0.5 as amount,
    0 as created_ms,
    date '2026-03-01' as occurred_on,
    timestamptz '2026-11-20 03:00:00+00' as updated_at

from (
    values
    (1, 'run-00001', 1, 'accepted', null, null),
    (2, 'run-00001', 2, 'accepted', null, null),
    (3, 'run-00002aa', 1, 'rejected', 'bad', 'decision'),
    (4, 'run-00002ab', 1, 'accepted', null, null),
    (5, 'run-00002b', 1, 'unknown', 'no answer', null),
    (6, 'run-00002b', 2, 'unknown', 'no answer', null),
    (7, 'run-00003', 1, 'planned', null, null),
    (8, 'run-00004', 1, 'sending', null, null),
    (9, 'run-00005', 1, 'planned', null, null),
    (10, null, 1, 'rejected', 'refused here', null),
    (11, null, 1, 'accepted', null, null)
) as items (ledger_no, batch_id, ordinal, state, message, decision_id)
