-- Without the payload, which would double the file: its hash tells whether two
-- are equal, and `spendbridge explain` prints it.
create table delivery.items as

select
    * exclude (
        payload,
        decision_id,
        record_schema,
        content_hash,
        ledger_no,
        created_ms,
        class,
        sent_amount,
        key_hash
    )

from warehouse.delivery.items
