-- When the state that a run's snapshot shows was read: as its transform began,
-- or that of the last run before it, for a run that only loaded.
select max(stages.started_at) as moment

from ops.runs as runs

inner join ops.stages as stages
    on stages.started_at <= coalesce(runs.finished_at, stages.started_at)

where runs.run_id = $run_id
    and stages.stage = 'transform'
    and stages.status in ('ok', 'needs_person')
