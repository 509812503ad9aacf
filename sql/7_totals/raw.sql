-- The spend records of raw.records, tombstones included, by source and currency
-- as received. No model is involved.
insert into ops.control_totals by name

with

records as (

    select
        newest.source,
        concat(
            settings.kind, '-', settings.tenant,
            '-', kinds.item, '-', newest.record_id
        ) as spend_id,
        raw_values.currency,
        case
            when kinds.unsigned then abs(raw_values.gross_amount)
            when settings.amount_basis = 'net' then raw_values.net_amount
            else raw_values.gross_amount
        end as source_amount

    from raw.newest_records as newest

    left join staging.raw_values as raw_values
        using (source, stream, record_id, version)

    left join ops.sources as settings
        using (source)

    left join kinds
        using (kind, stream)

    where kinds.stream is not null
        or settings.kind is null

),

cells as (

    select
        source,
        if(
            source_amount is not null
            and regexp_full_match(currency, '[A-Za-z]{3}'),
            currency,
            '?'
        ) as currency,
        count(*) as records,
        coalesce(sum(source_amount), 0) as source_amount,
        sum(md5_number_upper(spend_id)::decimal(38, 0)) as key_hash

    from records

    group by all

)

select
    *,
    $run_id as run_id,
    'raw' as step,
    $recorded_at::timestamptz as recorded_at

from cells
