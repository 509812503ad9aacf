-- More runs than a state lists, after those of the other files.
insert into ops.runs by name

select
    '20261120T' || lpad((100000 + n)::varchar, 6, '0') || 'Z-dddddd' as run_id,
    'extract' as command,
    'ok' as status,
    timestamptz '2026-11-20 10:00:00+00' as started_at,
    timestamptz '2026-11-20 10:00:01+00' as finished_at,
    'test' as version,
    'test' as config_hash

from range($runs) as numbers (n)
