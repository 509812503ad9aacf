-- The figures of /metrics.

-- name: items
-- Posted records by the state of their newest attempt, in money too.
with

newest as (

    select
        target,
        key,
        max(attempt) as attempt

    from delivery.items

    group by target, key

)

select
    items.state,
    items.currency,
    count(*) as records,
    sum(items.amount)::decimal(38, 4)::varchar as amount

from delivery.items as items

inner join newest
    on items.target = newest.target
    and items.key = newest.key
    and items.attempt = newest.attempt

group by items.state, items.currency

order by items.state, items.currency;

-- name: spend
select
    source,
    currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

group by source, currency

order by source, currency;

-- name: stages
-- The newest outcome of every stage, and when it last went well.
select
    stage,
    arg_max(status, started_at) as status,
    arg_max(rows_read, started_at) as rows_read,
    arg_max(rows_written, started_at) as rows_written,
    arg_max(rows_skipped, started_at) as rows_skipped,
    arg_max(epoch_ms(finished_at) - epoch_ms(started_at), started_at)
        as milliseconds,
    max(finished_at) filter (where status = 'ok') as succeeded_at

from ops.stages

where status != 'skipped'

group by stage

order by stage;
