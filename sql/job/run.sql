-- ops.runs and ops.stages: one row per run, and one per stage of it.

-- name: start
insert into ops.runs by name

select
    $run_id as run_id,
    $command as command,
    $status as status,
    $version as version,
    $config_hash as config_hash,
    $started_at::timestamptz as started_at;

-- name: add_stage
insert into ops.stages by name

select
    $run_id as run_id,
    $stage as stage,
    $status as status,
    $error as error,
    $rows_read as rows_read,
    $rows_written as rows_written,
    $rows_skipped as rows_skipped,
    $started_at::timestamptz as started_at,
    $finished_at::timestamptz as finished_at;

-- name: killed
-- Whether a run says that it is running while another one begins.
select count(*) > 0 as killed from ops.runs where status = 'running';

-- name: finish
-- Without a run id: all that were killed.
update ops.runs

set
    status = $status,
    error = $error,
    finished_at = $finished_at

where run_id = $run_id
    or $run_id is null and status = 'running';

-- name: newest
select coalesce(max(run_id), '') as run_id from ops.runs;

-- name: last_of
-- The newest run in which a stage went well: that made what canonical holds
-- now, or took a snapshot or found that the latest is as it would be.
select coalesce(max(run_id), '') as run_id

from ops.stages

where stage = $stage
    and status in ('ok', 'needs_person');

-- name: rates_hash
-- Empty: there are no rates.
select coalesce(max(sha256), '') as sha256 from canonical.fx_source;

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

newest as (

    select
        max(started_at) filter (stage = 'publish' and status = 'ok')
            as published_at,
        max(started_at) filter (
            stage in ('deliver', 'approve') and rows_written > 0
        ) as posted_at,
        (select max(changed_at) from ops.canonical_changes) as derived_at

    from ops.stages

)

select
    published_at is not null as published,
    coalesce(greatest(derived_at, posted_at) > published_at, false) as stale

from newest;

-- name: snapshots
-- The snapshots that are to be there, the newest first.
select snapshot_id

from ops.snapshots

where pruned_at is null

order by snapshot_id desc;
