-- A reversal is the newest accepted item, as it was sent, with the amount
-- negated and a key of its own. What looks like a member is one: in a text the
-- quotes would be escaped.
insert into item_draft by name

with

standing as (

    select
        items.* exclude (class, target),
        diff.class,
        diff.target,
        diff.versions,
        diff.spend_id || '-rev' || diff.versions as reversal_key,
        case items.record_schema
            when 'finance' then '"transactionNumber":'
            else '"signatureId":'
        end as key_member

    from diff

    inner join delivery.planned_items as items
        on diff.standing_no = items.ledger_no

    where diff.action = 'reverse'

)

select
    spend_id,
    class,
    false as approved,
    false as reversed,
    false as follows,
    target,
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
    replace(
        case
            when amount < 0 then replace(payload, '"amount":-', '"amount":')
            else replace(payload, '"amount":', '"amount":-')
        end,
        key_member || to_json(standing.key),
        key_member || to_json(reversal_key)
    ) as payload

from standing
