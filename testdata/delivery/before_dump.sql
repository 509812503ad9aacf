select
    ledger_no,
    target,
    key,
    attempt,
    batch_id,
    ordinal,
    state,
    message,
    decision_id,
    amount,
    payload,
    updated_at

from delivery.items

order by ledger_no
