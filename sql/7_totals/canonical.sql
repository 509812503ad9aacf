-- canonical.spend, excluded and quarantine in the same cells and amounts as
-- raw; spend also by currency, type and month of occurred_on.
insert into ops.control_totals by name

with

records as (

    select
        if(place = 'spend', 'canonical', place) as step,
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
        if(unsigned, abs(source_amount), source_amount) as source_amount,
        amount,
        md5_number_upper(spend_id)::decimal(38, 0) as key_hash

    from canonical.placed_records

    left join ops.sources
        using (source)

    left join kinds
        using (kind, stream)

),

cells as (

    select
        step,
        source,
        received_currency,
        iso_currency,
        type,
        month,
        count(*) as records,
        coalesce(sum(source_amount), 0) as source_amount,
        sum(amount) as amount,
        sum(abs(amount)) as abs_amount,
        sum(key_hash) as key_hash

    from records

    group by grouping sets (
        (step, source, received_currency),
        (step, source, iso_currency, type, month)
    )

    having received_currency is not null or month is not null

)

select
    $run_id as run_id,
    step,
    source,
    coalesce(received_currency, iso_currency) as currency,
    type,
    month,
    records,
    if(month is null, source_amount, null) as source_amount,
    amount,
    abs_amount,
    key_hash,
    $recorded_at::timestamptz as recorded_at

from cells
