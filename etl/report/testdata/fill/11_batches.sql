insert into delivery.batches (
    batch_id, parent_batch_id, run_id, target, app_id, record_schema, state,
    sha256, file, message, request_id, attempt, records, first_no, last_no, doubtful, status, planned_at,
    sent_at, finished_at
)
values
    ('20261120T030000Z-cccccc-001', null, '20261120T030000Z-cccccc', 'public-api.productiv.com/app-1', 'app-1', 'finance', 'accepted', 'ab', 'sent/1', null, null, 1, 50, 1, 50, false, 200, '2026-11-20T03:00:47Z', '2026-11-20T03:00:47Z', '2026-11-20T03:00:48Z'),
    ('20261120T030000Z-cccccc-002', null, '20261120T030000Z-cccccc', 'public-api.productiv.com/app-1', 'app-1', 'finance', $state, 'cd', 'sent/2', 'read tcp: connection reset by peer', null, 1, 2, 51, 52, true, null, '2026-11-20T03:00:49Z', '2026-11-20T03:00:49Z', null)
