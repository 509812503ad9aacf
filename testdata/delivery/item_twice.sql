-- The same item once more, as no plan ever writes it.
insert into delivery.planned_items by name

select items.* replace (
    (select max(ledger_no) from delivery.planned_items) + 1 as ledger_no,
    null as batch_id,
    'accepted' as state
)

from delivery.planned_items as items

where items.key = $key
