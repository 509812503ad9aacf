select
    key,
    attempt,
    kind,
    state,
    version,
    amount::varchar as amount,
    currency,
    coalesce(message, '') as message

from delivery.items

order by ledger_no
