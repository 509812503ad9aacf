insert into ops.stages (
    run_id, stage, status, error, rows_read, rows_written, rows_skipped,
    started_at, finished_at
)
values
    ('20261120T030000Z-cccccc', 'extract/productive', 'ok', null, 3120, 41, 3079, '2026-11-20T03:00:00Z', '2026-11-20T03:00:21.3Z'),
    ('20261120T030000Z-cccccc', 'extract/procurify', 'ok', null, 1544, 12, 1532, '2026-11-20T03:00:21.4Z', '2026-11-20T03:00:40Z'),
    ('20261120T030000Z-cccccc', 'transform', 'ok', null, 4664, 4401, 263, '2026-11-20T03:00:40.1Z', '2026-11-20T03:00:44.87Z'),
    ('20261120T030000Z-cccccc', 'snapshot', 'ok', null, 4401, 4401, 0, '2026-11-20T03:00:45Z', '2026-11-20T03:00:46.2Z'),
    ('20261120T030000Z-cccccc', 'deliver', $status, $error, 53, 50, 0, '2026-11-20T03:00:46.3Z', '2026-11-20T03:01:39Z'),
    ('20261120T030000Z-cccccc', 'publish', 'ok', null, 4401, 4401, 0, '2026-11-20T03:01:39.1Z', '2026-11-20T03:01:39.9Z')
