-- A record is posted and accepted under another vendor's name.
insert into delivery.planned_items by name

select
    items.* replace (
        $spend_id as key,
        $spend_id as spend_id,
        json_object('vendor', $vendor)::varchar as payload,
        1000 as ledger_no,
        md5_number_upper($spend_id)::decimal(20, 0) as key_hash,
        $at::timestamptz as planned_at
    )

from delivery.planned_items as items

limit 1
