-- The newest slot of every job, and what was not run in the last days. A slot
-- in the future was recorded by a clock that was ahead.
select
    job,
    max(due_at) as due_at,
    arg_max(outcome, due_at) as outcome,
    count(*) filter (
        where outcome in ('missed', 'skipped') and due_at >= $since
    ) as left_out

from ops.slots

where due_at <= $now

group by job

order by job
