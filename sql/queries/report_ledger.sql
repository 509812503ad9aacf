-- The cells of the second identity: canonical = the sum of all states, in
-- major units as transacted.
with

cells as (

    select
        source,
        currency,
        case when step = 'canonical' then 'spend' else state end as state,
        records,
        amount

    from ops.control_totals

    where run_id = $run_id
        and (step = 'canonical' and month is not null or step = 'ledger')

)

select
    source,
    currency,
    state,
    sum(records)::bigint as records,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount

from cells

group by source, currency, state

order by source, currency, state
