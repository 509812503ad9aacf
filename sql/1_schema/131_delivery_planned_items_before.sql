-- The items of the version before, which moved with their batch: those in the
-- halves of a batch were in it when they were planned.
insert into delivery.planned_items by name

select
    items.* exclude (
        batch_id, decision_id, state, message, updated_at
    ),
    rtrim(items.batch_id, 'ab') as batch_id,
    case
        when batches.batch_id is not null then 'planned'
        else items.state
    end as state,
    case when batches.batch_id is null then items.message end as message,
    coalesce(
        try_cast(
            regexp_extract(items.payload, '"amount":(-?[0-9.]+)', 1)
                as decimal(18, 4)
        ), items.amount
    ) as sent_amount,
    md5_number_upper(items.spend_id)::decimal(20, 0) as key_hash,
    items.updated_at as planned_at

from delivery.items as items

left join delivery.batches as batches
    on items.batch_id = batches.batch_id

order by items.ledger_no
