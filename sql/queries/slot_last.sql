-- Up to when each job's slots are settled.
select
    job,
    max(due_at) as due_at

from ops.slots

group by job

order by job
