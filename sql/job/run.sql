-- ops.runs and ops.stages: one row per run, and one per stage of it.

-- name: start
insert into ops.runs (
    run_id,
    command,
    status,
    version,
    config_hash,
    started_at
)
values ($run_id, $command, $status, $version, $config_hash, $started_at);

-- name: add_stage
insert into ops.stages (
    run_id,
    stage,
    status,
    error,
    rows_read,
    rows_written,
    rows_skipped,
    started_at,
    finished_at
)
values (
    $run_id,
    $stage,
    $status,
    $error,
    $rows_read,
    $rows_written,
    $rows_skipped,
    $started_at,
    $finished_at
);

-- name: finish
update ops.runs

set
    status = $status,
    error = $error,
    finished_at = $finished_at

where run_id = $run_id;

-- name: abandon
-- Runs that say they are running while another one begins were killed.
update ops.runs

set
    status = $status,
    error = $error,
    finished_at = $finished_at

where status = 'running';

-- name: newest
select coalesce(max(run_id), '') as run_id from ops.runs;

-- name: last_transform
-- The newest run whose transform made what canonical holds now.
select coalesce(max(run_id), '') as run_id

from ops.stages

where stage = 'transform'
    and status in ('ok', 'needs_person');

-- name: last_snapshot
-- The newest run that took a snapshot, or found that the latest is as it would
-- be.
select coalesce(max(run_id), '') as run_id

from ops.stages

where stage = 'snapshot'
    and status = 'ok';

-- name: rates_hash
select sha256 from canonical.fx_source;

-- name: example
-- The largest spend record: something to look at first.
select spend_id

from canonical.spend

order by abs(amount) desc, spend_id

limit 1;

-- name: published
-- Whether the analysts' copy was ever published, and whether a run has changed
-- since what it shows.
with

publishing as (

    select max(started_at) as at

    from ops.stages

    where stage = 'publish'
        and status = 'ok'

),

deriving as (

    select max(changed_at) as at

    from ops.canonical_changes

),

posting as (

    select max(started_at) as at

    from ops.stages

    where stage in ('deliver', 'approve')
        and rows_written > 0

)

select
    publishing.at is not null as published,
    coalesce(greatest(deriving.at, posting.at) > publishing.at, false) as stale

from publishing

cross join deriving

cross join posting;

-- name: snapshots
-- The snapshots that are to be there, the newest first.
select snapshot_id

from ops.snapshots

where pruned_at is null

order by snapshot_id desc;
