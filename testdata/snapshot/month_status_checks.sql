-- All was read on 1 September but 10 April, May only before it ended, and June
-- in two halves. A pass over the days on which records were made and a read
-- that was not proven count for nothing.
insert into ops.checks by name

select
    '20260901T020000Z-000001' as run_id,
    'extract/procurify' as stage,
    'window_complete' as check_name,
    'procurify' as source,
    subject,
    passed,
    json_object('purpose', purpose) as detail,
    checked_at

from (
    values
    ('2026-01-01/2026-02-01', 'window', true,
        timestamptz '2026-02-01 23:00:00Z'),
    ('2026-01-01/2026-02-01', 'sweep', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-02-01/2026-03-01', 'window', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-03-01/2026-04-01', 'backfill', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-04-01/2026-04-10', 'window', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-04-11/2026-05-01', 'window', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-04-01/2026-05-01', 'window', false,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-04-01/2026-05-01', 'created', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-05-01/..', 'window', true, timestamptz '2026-05-31 20:00:00Z'),
    ('2026-06-01/2026-06-16', 'window', true,
        timestamptz '2026-08-01 02:00:00Z'),
    ('2026-06-16/2026-07-01', 'window', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-07-01/2026-08-01', 'window', true,
        timestamptz '2026-09-01 02:00:00Z'),
    ('2026-08-01/..', 'window', true, timestamptz '2026-09-01 02:00:00Z')
) as windows (subject, purpose, passed, checked_at)
