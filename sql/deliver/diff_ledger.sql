-- What the ledger says of each record: the item that Productiv has now,
-- how many versions were accepted, whether an item is on its way or in doubt,
-- which item was rejected last, and whether the record is reversed without
-- the new version that its reversal made room for.
create or replace temp table diff_ledger as

with

records as (

    select
        homes.spend_id,
        any_value(homes.target) as target,
        any_value(homes.elsewhere) as elsewhere,
        any_value(homes.source) as source,
        max(items.ledger_no) filter (
            items.state = 'accepted' and items.kind != 'reversal'
        ) as standing_no,
        max(items.ledger_no) filter (items.state = 'accepted') as accepted_no,
        max(items.ledger_no) filter (
            items.state = 'rejected' and items.decision_id is null
        ) as rejected_no,
        max(items.version) filter (
            items.state = 'accepted' and items.kind != 'reversal'
        ) as versions,
        max(items.version) filter (
            items.state = 'accepted' and items.kind = 'reversal'
        ) as reversed,
        count(*) filter (items.state in ('sending', 'unknown')) as open_items

    from diff_homes as homes

    left join diff_items as items
        on homes.spend_id = items.spend_id

    group by homes.spend_id

),

newest as (

    select
        * exclude (standing_no, rejected_no),
        case when versions > coalesce(reversed, 0) then standing_no end
            as standing_no,
        case when rejected_no > coalesce(accepted_no, 0) then rejected_no end
            as rejected_no

    from records

)

select
    newest.* exclude (standing_no, accepted_no, rejected_no, reversed),
    standing.ledger_no as standing_no,
    standing.key as standing_key,
    standing.amount as standing_amount,
    standing.currency as standing_currency,
    standing.created_ms as standing_created_ms,
    standing.content_hash as standing_content_hash,
    standing.record_schema as standing_schema,
    rejected.key as rejected_key,
    rejected.payload_hash as rejected_payload_hash,
    rejected.kind as rejected_kind,
    rejected.content_hash as rejected_content_hash,
    rejected.record_schema as rejected_schema,
    accepted.kind = 'reversal' and accepted.class = 'changed' as reversed

from newest

left join diff_others as standing
    on newest.standing_no = standing.ledger_no

left join diff_others as rejected
    on newest.rejected_no = rejected.ledger_no

left join diff_others as accepted
    on newest.accepted_no = accepted.ledger_no
