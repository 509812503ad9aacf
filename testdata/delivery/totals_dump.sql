select
    source,
    currency,
    state,
    records,
    amount::varchar as amount

from ops.control_totals

where step = 'ledger'
    and run_id = $run_id

order by source, currency, state
