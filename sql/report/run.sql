-- One run: its stages, checks and totals.

-- name: get
select * from ops.runs where run_id = $run_id;

-- name: last
-- The last run that extracted, transformed or loaded, null for none.
select max(run_id) as run_id

from ops.stages

where stage in ('transform', 'snapshot', 'deliver', 'approve', 'publish')
    or starts_with(stage, 'extract/')
    or starts_with(stage, 'backfill/');

-- name: names
-- All runs, the newest first.
select run_id from ops.runs order by run_id desc;

-- name: stages
select * exclude (run_id)

from ops.stages

where run_id = $run_id

order by started_at, stage;

-- name: checks
-- What a run proved, by kind of proof.
select
    stage,
    check_name,
    source,
    count_if(passed) as passed,
    count_if(not passed) as failed

from ops.checks

where run_id = $run_id

group by stage, check_name, source

order by stage, check_name, source;

-- name: snapshot
-- The newest snapshot up to a run.
select
    snapshot_id,
    path,
    rows,
    logical_hash,
    created_at

from ops.snapshots

where run_id <= $run_id

order by run_id desc

limit 1;
