insert into ops.control_totals (
    run_id, step, source, currency, state, type, month, records,
    source_amount, amount, abs_amount, key_hash, recorded_at
)

with

shares as (

    select
        source,
        currency,
        case
            when occurred_on < '2025-01-01' then 'not_due'
            when record_id in ('4389', '4390') then 'unknown'
            when record_id = '4391' then 'rejected'
            else 'delivered'
        end as state,
        amount

    from canonical.spend

)

select
    $run_id,
    'ledger',
    source,
    currency,
    state,
    null,
    null,
    count(*),
    null,
    sum(amount),
    null,
    0,
    '2026-11-20T03:01:39Z'

from shares

group by source, currency, state
