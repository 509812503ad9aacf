-- How the installation stands.

-- name: runs
-- The last runs. A decision is none.
select
    * exclude (version, config_hash),
    run_id in (
        select run_id from ops.slots where run_id is not null
    ) as scheduled

from ops.runs

where command != 'settle'

order by run_id desc

limit $limit;

-- name: stages
-- The newest outcome of every stage, since when it has been so, and when the
-- stage last went well.
with

outcomes as (

    select
        *,
        max_by(status, started_at) over (partition by stage) as newest,
        max(finished_at) filter (status = 'ok')
            over (partition by stage) as succeeded_at

    from ops.stages

    where status != 'skipped'

),

streaks as (

    select
        *,
        max(started_at) filter (status != newest)
            over (partition by stage) as another_at

    from outcomes

)

select
    stage,
    status,
    succeeded_at,
    max_by(coalesce(error, ''), started_at) as error,
    max_by(run_id, started_at) as run_id,
    max_by(rows_read, started_at) as rows_read,
    max_by(rows_written, started_at) as rows_written,
    max_by(rows_skipped, started_at) as rows_skipped,
    max(started_at) as started_at,
    max(finished_at) as finished_at,
    min(started_at) as since

from streaks

where another_at is null
    or started_at > another_at

group by stage, status, succeeded_at

order by stage;

-- name: slots
-- The newest slot of every job with how its run ended, and what was not run in
-- the last days. A slot in the future was recorded while the clock was ahead.
select
    slots.job,
    max(slots.due_at) as due_at,
    max_by(slots.outcome, slots.due_at) as outcome,
    max_by(coalesce(runs.status, ''), slots.due_at) as run_status,
    count(*) filter (
        slots.outcome in ('missed', 'skipped') and slots.due_at >= $since
    ) as left_out_last_week

from ops.slots as slots

left join ops.runs as runs
    on slots.run_id = runs.run_id

where slots.due_at <= $now

group by slots.job

order by slots.job;

-- name: batches
-- The batches whose outcome is not known.
select
    batch_id,
    state,
    records,
    message,
    planned_at

from delivery.batches

where state in ('unknown', 'sending')

order by planned_at, batch_id;

-- name: quarantine
select
    reason,
    source,
    count(*) as records

from canonical.quarantine

group by reason, source

order by records desc, reason, source;

-- name: died
-- Runs that never ended, unless a later run has done their work since.
select
    died.run_id,
    died.command

from ops.runs as died

where (died.status = 'running' or died.error = $stopped)
    and died.command != 'settle'
    and not exists (
        select 1

        from ops.runs as later

        where later.run_id > died.run_id
            and later.status in ('ok', 'needs_person')
            and (
                later.command = died.command
                or later.command = 'run'
                or later.command = 'load' and died.command = 'run'
            )
    )

order by died.run_id desc;

-- name: vanished
-- What runs have listed as vanished and nobody has accepted.
select
    source,
    count(record_id) as records,
    bool_or(record_id is null) as links,
    min(listed_at) as listed_at

from raw.vanished

where accepted_at is null

group by source

order by source;
