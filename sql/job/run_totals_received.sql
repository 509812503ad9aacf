-- The first identity, one row per source and currency as received: raw =
-- spend + excluded + quarantined, in the source's own units.
with

cells as (

    select
        source,
        currency,
        step,
        records,
        coalesce(source_amount, 0) as source_amount,
        key_hash

    from ops.control_totals

    where run_id = $run_id
        and step in ('raw', 'canonical', 'excluded', 'quarantine')
        and month is null

),

sides as (

    select
        source,
        currency,
        coalesce(sum(records) filter (step = 'raw'), 0) as raw_records,
        coalesce(sum(source_amount) filter (step = 'raw'), 0) as raw_amount,
        coalesce(sum(key_hash) filter (step = 'raw'), 0) as raw_hash,
        coalesce(sum(records) filter (step = 'canonical'), 0) as spend_records,
        coalesce(sum(source_amount) filter (step = 'canonical'), 0)
            as spend_amount,
        coalesce(sum(records) filter (step = 'excluded'), 0)
            as excluded_records,
        coalesce(sum(source_amount) filter (step = 'excluded'), 0)
            as excluded_amount,
        coalesce(sum(records) filter (step = 'quarantine'), 0)
            as quarantine_records,
        coalesce(sum(source_amount) filter (step = 'quarantine'), 0)
            as quarantine_amount,
        coalesce(sum(key_hash) filter (step != 'raw'), 0) as derived_hash

    from cells

    group by source, currency

)

select
    source,
    currency,
    raw_records::bigint as raw_records,
    raw_amount::decimal(38, 4)::varchar as raw_amount,
    spend_records::bigint as spend_records,
    spend_amount::decimal(38, 4)::varchar as spend_amount,
    excluded_records::bigint as excluded_records,
    excluded_amount::decimal(38, 4)::varchar as excluded_amount,
    quarantine_records::bigint as quarantine_records,
    quarantine_amount::decimal(38, 4)::varchar as quarantine_amount,
    raw_records = spend_records + excluded_records + quarantine_records
        and raw_amount = spend_amount + excluded_amount + quarantine_amount
        and raw_hash = derived_hash as balanced

from sides

order by source, currency
