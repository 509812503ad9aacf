-- The control totals of one run as transform stated them: by source and
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

order by source, currency, step, type, month
