insert into ops.stages (
    run_id, stage, status, rows_read, rows_written, rows_skipped, started_at,
    finished_at
)
values ('20261119T030000Z-bbbbbb', 'transform', 'ok', 4664, 4350, 314, '2026-11-19T03:00:40Z', '2026-11-19T03:00:44Z')
