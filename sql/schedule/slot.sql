-- ops.slots: one row per time at which a job was due.

-- name: last
-- Up to when each job's slots are settled. A slot in the future was recorded
-- while the clock was ahead.
select
    job,
    max(due_at) as due_at

from ops.slots

where due_at <= $now

group by job

order by job;

-- name: save
-- One row for each job and moment; the last write wins.
merge into ops.slots

using (

    select
        $job as job,
        $due_at::timestamptz as due_at,
        $outcome as outcome,
        $run_id as run_id,
        $recorded_at::timestamptz as recorded_at

) as settled
    on slots.job = settled.job
    and slots.due_at = settled.due_at

when matched then
    update by name

when not matched then
    insert by name;

-- name: run
-- The run that was made for a slot, if any was.
select run_id

from ops.slots

where job = $job
    and due_at = $due_at::timestamptz
    and run_id is not null;
