-- The newest outcome of every stage, and since when it has been so.
with

outcomes as (

    select
        stage,
        status,
        error,
        run_id,
        started_at,
        finished_at

    from ops.stages

    where status != 'skipped'

),

newest as (

    select
        stage,
        arg_max(status, started_at) as status,
        arg_max(error, started_at) as error,
        arg_max(run_id, started_at) as run_id,
        max(finished_at) as finished_at

    from outcomes

    group by stage

),

others as (

    select
        outcomes.stage,
        max(outcomes.started_at) as started_at

    from outcomes

    inner join newest
        on outcomes.stage = newest.stage
        and outcomes.status != newest.status

    group by outcomes.stage

),

streaks as (

    select
        outcomes.stage,
        min(outcomes.started_at) as since

    from outcomes

    left join others
        on outcomes.stage = others.stage

    where others.started_at is null
        or outcomes.started_at > others.started_at

    group by outcomes.stage

)

select
    newest.stage,
    newest.status,
    coalesce(newest.error, '') as error,
    newest.run_id,
    newest.finished_at,
    streaks.since

from newest

inner join streaks
    on newest.stage = streaks.stage

order by newest.stage
