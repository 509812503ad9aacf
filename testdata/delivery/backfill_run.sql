insert into ops.runs by name

select
    'backfill-' || $spend_id as run_id,
    'backfill' as command,
    'ok' as status,
    'test' as version,
    '' as config_hash,
    timestamptz '2026-11-20 03:00:00+00' as started_at
