-- What was accepted and reversed since.
insert into item_draft by name

select
    * replace (
        spend_id || '-rev' || version as key,
        'reversal' as kind,
        -amount as amount,
        false as is_reversed,
        case
            when amount < 0
                then regexp_replace(payload, '"amount":-', '"amount":')
            else regexp_replace(payload, '"amount":', '"amount":-')
        end as payload
    )

from item_draft

where is_reversed
