-- Cells in which raw is not canonical + excluded + quarantine.
with

raw_cells as (

    select source, currency, records, source_amount, key_hash

    from ops.control_totals

    where run_id = $run_id
        and step = 'raw'

),

accounted as (

    select
        source,
        currency,
        sum(records) as records,
        sum(source_amount) as source_amount,
        sum(key_hash) as key_hash

    from ops.control_totals

    where run_id = $run_id
        and step in ('canonical', 'excluded', 'quarantine')
        and month is null

    group by source, currency

)

select
    coalesce(raw_cells.source, accounted.source) as source,
    coalesce(raw_cells.currency, accounted.currency) as currency,
    coalesce(raw_cells.records, 0)::bigint as raw_records,
    coalesce(accounted.records, 0)::bigint as accounted_records,
    coalesce(raw_cells.source_amount, 0)::varchar as raw_amount,
    coalesce(accounted.source_amount, 0)::varchar as accounted_amount

from raw_cells

full join accounted
    on raw_cells.source = accounted.source
    and raw_cells.currency = accounted.currency

where raw_cells.records is distinct from accounted.records
    or raw_cells.source_amount is distinct from accounted.source_amount
    or raw_cells.key_hash is distinct from accounted.key_hash

order by source, currency
