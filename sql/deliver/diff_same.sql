-- The records that Productiv holds as canonical has them, and that have no
-- other history: accepted once, at the target of their source, and equal in
-- all that is posted. Everything else is compared record by record.
create or replace temp table diff_same as

with

-- Records with an item that is anything else.
others as (

    select items.spend_id

    from delivery.items as items

    left join diff_targets as targets
        on items.source = targets.source

    where not coalesce(
        items.key = items.spend_id
        and items.attempt = 1
        and items.kind = 'spend'
        and items.state = 'accepted'
        and items.target = targets.target, false
    )

)

select
    items.spend_id,
    items.source,
    items.currency,
    items.sent_amount as amount,
    items.key_hash

from delivery.planned_items as items

inner join canonical.spend as spend
    on items.spend_id = spend.spend_id

anti join others
    on items.spend_id = others.spend_id

-- A case, for of all conditions of a join that could be part of it a hash is
-- made.
where case
        when items.source != spend.source
            or items.amount != spend.amount
            or items.sent_amount != spend.amount
            or items.currency != spend.currency
            or items.created_ms != epoch_ms(spend.occurred_at)
            or spend.occurred_on > $today::date
            or spend.occurred_on < $post_from::date then false
        -- No text holds the separator: transform removes control characters.
        else items.content_hash = md5(concat_ws(chr(31),
            spend.amount::varchar, spend.currency,
            epoch_ms(spend.occurred_at)::varchar,
            spend.identifier, spend.type, spend.vendor,
            coalesce(spend.name, ''), coalesce(spend.category, ''),
            coalesce(spend.description, ''), coalesce(spend.department, '')
        ))
    end
