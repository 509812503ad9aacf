-- How far the ledger is numbered: its items, and the batches of a run so far,
-- halves under their parent's number.
select
    coalesce(max(numbered.ledger_no), 0) as items,
    coalesce(
        max(
            regexp_extract(
                numbered.batch_id, '-([0-9]+)[ab]*$', 1
            )::integer
        ) filter (numbered.run_id = $run_id), 0
    ) as batches

from (

    select ledger_no, run_id, batch_id from delivery.planned_items

    union all by name

    select run_id, batch_id from delivery.batches

) as numbered
