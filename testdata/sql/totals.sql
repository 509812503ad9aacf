select
    step,
    currency,
    type,
    strftime(month, '%Y-%m') as month,
    records,
    source_amount::varchar as source_amount,
    amount::varchar as amount

from ops.control_totals

order by currency, step, type nulls first
