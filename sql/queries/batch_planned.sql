-- The batches of the newest plan, in the order they are sent.
select
    batch_id,
    any_value(target) as target,
    any_value(record_schema) as record_schema,
    count(*) as records,
    min(ledger_no) as first_no,
    max(ledger_no) as last_no

from delivery.planned_items

where ledger_no > $items_before
    and batch_id is not null

group by batch_id

order by batch_id
