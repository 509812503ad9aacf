insert into ops.runs (
    run_id, command, status, version, config_hash, started_at, finished_at
)
values ('20261119T160000Z-bbbbbc', 'settle', 'ok', 'v0.1.0', 'c0ffee', '2026-11-19T16:00:00Z', '2026-11-19T16:00:01Z')
