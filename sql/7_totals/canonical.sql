-- What canonical.spend holds: in the same cells and amounts as raw, and by
-- currency, type and month of occurred_on.
insert into ops.control_totals by name

with

spend as (

    select
        source,
        if(
            source_amount is not null
            and regexp_full_match(source_currency, '[A-Za-z]{3}'),
            source_currency,
            '?'
        ) as received_currency,
        currency as iso_currency,
        type,
        date_trunc('month', occurred_on)::date as month,
        if(
            stream = 'transactions', abs(source_amount), source_amount
        ) as source_amount,
        amount,
        md5_number_upper(spend_id)::decimal(38, 0) as key_hash

    from canonical.spend

),

cells as (

    select
        source,
        received_currency,
        iso_currency,
        type,
        month,
        count(*) as records,
        sum(source_amount) as source_amount,
        sum(amount) as amount,
        sum(abs(amount)) as abs_amount,
        sum(key_hash) as key_hash

    from spend

    group by grouping sets (
        (source, received_currency), (source, iso_currency, type, month)
    )

)

select
    source,
    coalesce(received_currency, iso_currency) as currency,
    type,
    month,
    records,
    if(month is null, source_amount, null) as source_amount,
    amount,
    abs_amount,
    key_hash,
    $run_id as run_id,
    'canonical' as step,
    $recorded_at::timestamptz as recorded_at

from cells
