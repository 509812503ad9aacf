insert into ops.runs (
    run_id, command, status, error, version, config_hash, started_at,
    finished_at
)
values
    ('20261119T030000Z-bbbbbb', 'run', 'ok', null, 'v0.1.0', 'c0ffee', '2026-11-19T03:00:00Z', '2026-11-19T03:02:10Z'),
    ('20261120T030000Z-cccccc', 'run', $status, $error, 'v0.1.0', 'c0ffee', '2026-11-20T03:00:00Z', '2026-11-20T03:01:40Z')
