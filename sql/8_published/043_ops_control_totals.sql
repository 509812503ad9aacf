create table ops.control_totals as

select
    run_id,
    step,
    source,
    currency,
    state,
    type,
    month,
    records,
    source_amount,
    amount,
    abs_amount,
    key_hash,
    recorded_at

from warehouse.ops.control_totals
