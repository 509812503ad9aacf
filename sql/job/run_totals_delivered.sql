-- The second identity, one row per source and currency as transacted: spend =
-- what the snapshot holds = the sum of all states of the ledger. What spend
-- there is was stated by the newest transform.
with

transformed as (

    select max(run_id) as run_id

    from ops.control_totals

    where step = 'raw'
        and run_id <= $run_id

),

cells as (

    select
        source,
        currency,
        step,
        state,
        records,
        amount

    from ops.control_totals

    where step in ('snapshot', 'ledger')
        and run_id = $run_id
        or step = 'canonical'
        and month is not null
        and run_id = (select run_id from transformed)

),

sides as (

    select
        source,
        currency,
        coalesce(sum(records) filter (step = 'canonical'), 0) as spend_records,
        coalesce(sum(amount) filter (step = 'canonical'), 0) as spend_amount,
        sum(records) filter (step = 'snapshot') as snapshot_records,
        sum(amount) filter (step = 'snapshot') as snapshot_amount,
        sum(amount) filter (step = 'ledger') as ledger_amount,
        sum(amount) filter (state = 'delivered') as delivered,
        sum(amount) filter (state = 'unknown') as unknown,
        sum(amount) filter (state = 'held') as held,
        sum(amount) filter (state = 'rejected') as rejected,
        sum(amount) filter (state = 'pending') as pending,
        sum(amount) filter (state = 'not_due') as not_due,
        sum(amount) filter (state = 'unsent_changes') as unsent_changes,
        sum(amount) filter (
            state in ('unknown', 'held', 'rejected', 'pending')
        ) as waiting

    from cells

    group by source, currency

),

steps as (

    select
        coalesce(bool_or(step = 'snapshot'), false) as has_snapshot,
        coalesce(bool_or(step = 'ledger'), false) as has_ledger

    from cells

)

select
    sides.source,
    sides.currency,
    sides.spend_records::bigint as spend_records,
    sides.spend_amount::decimal(38, 4)::varchar as spend_amount,
    steps.has_snapshot,
    coalesce(sides.snapshot_amount, 0)::decimal(38, 4)::varchar
        as snapshot_amount,
    steps.has_ledger,
    coalesce(sides.delivered, 0)::decimal(38, 4)::varchar as delivered,
    coalesce(sides.unknown, 0)::decimal(38, 4)::varchar as unknown,
    coalesce(sides.held, 0)::decimal(38, 4)::varchar as held,
    coalesce(sides.rejected, 0)::decimal(38, 4)::varchar as rejected,
    coalesce(sides.pending, 0)::decimal(38, 4)::varchar as pending,
    coalesce(sides.not_due, 0)::decimal(38, 4)::varchar as not_due,
    coalesce(sides.unsent_changes, 0)::decimal(38, 4)::varchar
        as unsent_changes,
    coalesce(sides.waiting, 0)::decimal(38, 4)::varchar as waiting,
    (not steps.has_snapshot
        or coalesce(sides.snapshot_records, 0) = sides.spend_records
        and coalesce(sides.snapshot_amount, 0) = sides.spend_amount)
        and (not steps.has_ledger
        or coalesce(sides.ledger_amount, 0) = sides.spend_amount)
        as balanced

from sides

cross join steps

order by sides.source, sides.currency
