-- A reversal is the item that stands, as it was sent, with the amount negated
-- and a key of its own. The first "amount": is the member: in a text the
-- quotes would be escaped.
insert into item_draft by name

with

standing as (

    select
        diff.class,
        diff.versions,
        diff.target as home_target,
        items.* exclude (class),
        diff.spend_id || '-rev' || diff.versions as reversal_key,
        case
            when items.amount < 0
                then regexp_replace(items.payload, '"amount":-', '"amount":')
            else regexp_replace(items.payload, '"amount":', '"amount":-')
        end as negated

    from diff

    inner join delivery.planned_items as items
        on diff.standing_no = items.ledger_no

    where diff.action = 'reverse'

),

keyed as (

    select
        *,
        case record_schema
            when 'finance' then '"transactionNumber":' || to_json(key) || '}'
            else '{"signatureId":' || to_json(key)
        end as old_part,
        case record_schema
            when 'finance'
                then '"transactionNumber":' || to_json(reversal_key) || '}'
            else '{"signatureId":' || to_json(reversal_key)
        end as new_part

    from standing

)

select
    spend_id,
    class,
    false as approved,
    false as reversed,
    false as follows,
    home_target as target,
    reversal_key as key,
    'reversal' as kind,
    versions as version,
    source,
    page_id,
    record_version,
    content_hash,
    currency,
    created_ms,
    occurred_on,
    -amount as amount,
    record_schema,
    case record_schema
        when 'finance'
            then left(negated, length(negated) - length(old_part)) || new_part
        else new_part || substr(negated, length(old_part) + 1)
    end as payload

from keyed
