-- What the ledger says of each record at its target: the item that stands at
-- Productiv now, how many versions were accepted, whether an item is on its
-- way or in doubt, and which item was refused last.
create or replace temp table diff_ledger as

with

items as (

    select
        items.target,
        items.spend_id,
        items.source,
        items.kind,
        items.state,
        items.version,
        items.ledger_no,
        items.settlement_id

    from delivery.items as items

    inner join diff_targets as targets
        on items.source = targets.source
        and items.target = targets.target

    where items.state != 'planned'

),

records as (

    select
        target,
        spend_id,
        any_value(source) as source,
        max(ledger_no) filter (
            state = 'accepted' and kind != 'reversal'
        ) as standing_no,
        max(ledger_no) filter (state = 'accepted') as accepted_no,
        max(ledger_no) filter (
            state = 'rejected' and settlement_id is null
        ) as rejected_no,
        max(version) filter (
            state = 'accepted' and kind != 'reversal'
        ) as versions,
        max(version) filter (
            state = 'accepted' and kind = 'reversal'
        ) as reversed,
        count(*) filter (state in ('sending', 'unknown')) as open_items

    from items

    group by target, spend_id

),

newest as (

    select
        target,
        spend_id,
        source,
        versions,
        open_items,
        case when versions > coalesce(reversed, 0) then standing_no end
            as standing_no,
        case when rejected_no > coalesce(accepted_no, 0) then rejected_no end
            as rejected_no

    from records

)

select
    newest.target,
    newest.spend_id,
    newest.source,
    newest.versions,
    newest.open_items,
    standing.ledger_no as standing_no,
    standing.key as standing_key,
    standing.amount as standing_amount,
    standing.currency as standing_currency,
    standing.created_ms as standing_created_ms,
    standing.content_hash as standing_content_hash,
    rejected.kind as rejected_kind,
    rejected.content_hash as rejected_content_hash,
    rejected.record_schema as rejected_schema

from newest

left join delivery.items as standing
    on newest.standing_no = standing.ledger_no

left join delivery.items as rejected
    on newest.rejected_no = rejected.ledger_no
