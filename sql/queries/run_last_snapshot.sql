-- The newest run that took a snapshot, or found that the latest is as it would
-- be.
select coalesce(max(run_id), '') as run_id

from ops.stages

where stage = 'snapshot'
    and status = 'ok'
