-- $cells is the JSON list of cells that the read-back of a snapshot found.
insert into ops.control_totals (
    run_id, step, source, currency, type, month,
    records, amount, abs_amount, key_hash, recorded_at
)

with

cells as (

    select
        unnest(from_json($cells::varchar, '[{
            "source": "VARCHAR", "currency": "VARCHAR", "type": "VARCHAR",
            "month": "DATE", "records": "BIGINT", "amount": "VARCHAR",
            "abs_amount": "VARCHAR", "key_hash": "VARCHAR"
        }]')) as cell

)

select
    $run_id,
    'snapshot',
    cell.source,
    cell.currency,
    cell.type,
    cell.month,
    cell.records,
    cell.amount::decimal(38, 4),
    cell.abs_amount::decimal(38, 4),
    cell.key_hash::decimal(38, 0),
    $recorded_at

from cells
