-- The totals of one run, from the tables themselves; some cells of the run
-- before lack what came since.
insert into ops.control_totals (
    run_id, step, source, currency, state, type, month, records,
    source_amount, amount, abs_amount, key_hash, recorded_at
)

with

cells as (

    select 'canonical' as step, source, source_currency as currency, null::varchar as type, null::date as month,
        count(*) as records, sum(source_amount) as source_amount, null::decimal(38, 4) as amount
    from canonical.spend where record_id::integer <= $newest group by all
    union all
    select 'excluded', source, source_currency, null, null, count(*), sum(source_amount), null
    from canonical.excluded group by all
    union all
    select 'quarantine', source, coalesce(source_currency, '?'), null, null, count(*), coalesce(sum(source_amount), 0), null
    from canonical.quarantine group by all
    union all
    select 'canonical', source, currency, type, date_trunc('month', occurred_on)::date, count(*), null, sum(amount)
    from canonical.spend where record_id::integer <= $newest group by all

),

raw as (

    select 'raw' as step, source, currency, null::varchar as type, null::date as month,
        sum(records) + $lost as records, sum(source_amount) as source_amount, null::decimal(38, 4) as amount
    from cells where month is null group by source, currency

)

select
    $run_id,
    step,
    source,
    currency,
    null,
    type,
    month,
    records,
    source_amount,
    amount,
    null,
    0,
    '2026-11-20T03:00:44Z'

from (select * from cells union all select * from raw)
