-- A ledger of the version before: halves have the numbers of the whole.
insert into delivery.batches by name

select
    batch_id,
    'run' as run_id,
    'host/app-1' as target,
    'app-1' as app_id,
    'finance' as record_schema,
    state,
    'ab' as sha256,
    'sent/' || batch_id as file,
    message,
    1 as attempt,
    records,
    first_no,
    last_no,
    false as doubtful,
    timestamptz '2026-11-20 03:00:00+00' as planned_at,
    timestamptz '2026-11-20 03:00:00+00' as sent_at

from (
    values
    ('run-00001', 'accepted', null, 2, 1, 2),
    ('run-00002', 'split', 'refused', 4, 3, 6),
    ('run-00002a', 'split', 'refused', 2, 3, 6),
    ('run-00002aa', 'rejected', 'bad', 1, 3, 6),
    ('run-00002ab', 'accepted', 'settled by Jo', 1, 3, 6),
    ('run-00002b', 'unknown', 'no answer', 2, 3, 6),
    ('run-00003', 'pending', 'asks to wait', 1, 7, 7),
    ('run-00004', 'sending', null, 1, 8, 8),
    ('gone-00001', 'pending', 'planned anew', 2, 8, 9)
) as batches (batch_id, state, message, records, first_no, last_no)
