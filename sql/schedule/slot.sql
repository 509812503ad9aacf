-- ops.slots: one row per time at which a job was due.

-- name: last
-- Up to when each job's slots are settled. A slot in the future was recorded by
-- a clock that was ahead.
select
    job,
    max(due_at) as due_at

from ops.slots

where due_at <= $now

group by job

order by job;

-- name: save
-- A slot is keyed by its job and the moment it was due: told twice, the later
-- word counts.
merge into ops.slots

using (select $job as job, $due_at::timestamptz as due_at) as told
    on slots.job = told.job
    and slots.due_at = told.due_at

when matched then
    update set
        outcome = $outcome,
        run_id = $run_id,
        recorded_at = $recorded_at

when not matched then
    insert (
        job,
        due_at,
        outcome,
        run_id,
        recorded_at
    )
    values (
        told.job,
        told.due_at,
        $outcome,
        $run_id,
        $recorded_at
    );
