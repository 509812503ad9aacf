-- A job that last ran two years ago: every slot since then was missed.
insert into ops.slots by name
select
    'productive' as job,
    now() - interval 2 year as due_at,
    'ran' as outcome,
    now() - interval 2 year as recorded_at
