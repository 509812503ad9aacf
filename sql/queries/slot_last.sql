-- Up to when each job's slots are settled. A slot in the future was recorded by
-- a clock that was ahead.
select
    job,
    max(due_at) as due_at

from ops.slots

where due_at <= $now

group by job

order by job
