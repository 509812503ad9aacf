-- ops.control_totals of a transform: each cell is computed independently of the
-- models.

-- name: clear
-- A run that proves its totals again records them once.
delete from ops.control_totals

where run_id = $run_id
    and step in ('raw', 'canonical', 'excluded', 'quarantine');

-- name: cells
-- The control totals of one run as transform recorded them: by source and
-- currency, and for canonical also by type and month.
select
    step,
    source,
    currency,
    coalesce(type, '') as type,
    coalesce(strftime(month, '%Y-%m'), '') as month,
    records,
    source_amount::varchar as source_amount,
    amount::varchar as amount,
    abs_amount::varchar as abs_amount,
    key_hash::varchar as key_hash

from ops.control_totals

where run_id = $run_id
    and step in ('raw', 'canonical', 'excluded', 'quarantine')

order by source, currency, step, type, month;

-- name: unbalanced
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

order by source, currency;

-- name: misplaced
-- Newest spend records that became none or several of spend, excluded and
-- quarantine, and decided ones that are in no raw record.
with

newest as (

    select distinct
        source,
        stream,
        record_id

    from raw.records

    where stream in ('expenses', 'transactions')

),

places as (

    select source, stream, record_id, 'spend' as place
    from canonical.spend

    union all

    select source, stream, record_id, 'excluded' as place
    from canonical.excluded

    union all

    select source, stream, record_id, 'quarantine' as place
    from canonical.quarantine

)

select
    coalesce(newest.source, places.source) as source,
    coalesce(newest.stream, places.stream) as stream,
    coalesce(newest.record_id, places.record_id) as record_id,
    string_agg(places.place, ', ' order by places.place) as places

from newest

full join places
    on newest.source = places.source
    and newest.stream = places.stream
    and newest.record_id = places.record_id

group by all

having count(places.place) != 1
    or count(newest.source) != 1

order by source, stream, record_id

limit 10;
