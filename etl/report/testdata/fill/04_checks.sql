insert into ops.checks (
    run_id, stage, check_name, source, subject, passed, expected, actual,
    detail, checked_at
)
values
    ('20261120T030000Z-cccccc', 'extract/productive', 'window_complete', 'productive', '2026-09-01/2026-10-01', true, '212', '212', '{"purpose": "window"}', '2026-11-20T03:00:10Z'),
    ('20261120T030000Z-cccccc', 'extract/productive', 'window_complete', 'productive', '2026-10-01/2026-11-01', true, '220', '220', '{"purpose": "window"}', '2026-11-20T03:00:12Z'),
    ('20261120T030000Z-cccccc', 'transform', 'every_record_has_one_home', null, null, true, null, null, null, '2026-11-20T03:00:44Z')
