-- Without the payload, which would double the file: its hash tells whether two
-- are equal, and `spendbridge explain` prints it.
create table delivery.items as

select
    target,
    key,
    attempt,
    spend_id,
    batch_id,
    run_id,
    source,
    page_id,
    record_version,
    kind,
    state,
    payload_hash,
    currency,
    message,
    ordinal,
    version,
    amount,
    occurred_on,
    updated_at

from warehouse.delivery.items
