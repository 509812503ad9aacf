-- What canonical.quarantine holds, in the same cells and amounts as raw.
insert into ops.control_totals by name

with

cells as (

    select
        source,
        if(
            source_amount is not null
            and regexp_full_match(source_currency, '[A-Za-z]{3}'),
            source_currency,
            '?'
        ) as currency,
        count(*) as records,
        coalesce(sum(
            if(stream = 'transactions', abs(source_amount), source_amount)
        ), 0) as source_amount,
        sum(md5_number_upper(spend_id)::decimal(38, 0)) as key_hash

    from canonical.quarantine

    group by all

)

select
    *,
    $run_id as run_id,
    'quarantine' as step,
    $recorded_at::timestamptz as recorded_at

from cells
