-- The figures of /metrics.

-- name: items
-- Posted records by the state of their newest attempt, in money too.
with

newest as (

    select
        max_by(
            {'state': state, 'currency': currency, 'amount': amount}, attempt
        ) as item

    from delivery.items

    group by target, key

)

select
    item.state,
    item.currency,
    count(*) as records,
    sum(item.amount)::decimal(38, 4)::varchar as amount

from newest

group by all

order by all;

-- name: spend
select
    source,
    currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from canonical.spend

group by all

order by all;

-- name: stages
-- The newest outcome of every stage, and when it last went well.
select
    stage,
    max_by(status, started_at) as status,
    max_by(rows_read, started_at) as rows_read,
    max_by(rows_written, started_at) as rows_written,
    max_by(rows_skipped, started_at) as rows_skipped,
    max_by(epoch_ms(finished_at) - epoch_ms(started_at), started_at)
        as milliseconds,
    max(finished_at) filter (status = 'ok') as succeeded_at

from ops.stages

where status != 'skipped'

group by stage

order by stage;
