insert into ops.control_totals by name

select
    $run_id as run_id,
    'ledger' as step,
    source,
    currency,
    state,
    sum(records) as records,
    sum(amount) as amount,
    sum(abs_amount) as abs_amount,
    sum(key_hash) as key_hash,
    $at::timestamptz as recorded_at

from (

    select
        source,
        currency,
        state,
        count(distinct spend_id) as records,
        sum(amount) as amount,
        sum(abs(amount)) as abs_amount,
        sum(md5_number_upper(spend_id)::decimal(38, 0)) as key_hash

    from ledger_cells

    group by source, currency, state

    union all by name

    select
        source,
        currency,
        'delivered' as state,
        count(*) as records,
        sum(amount) as amount,
        sum(abs(amount)) as abs_amount,
        sum(key_hash::decimal(38, 0)) as key_hash

    from diff_same

    group by source, currency

) as cells

group by source, currency, state
