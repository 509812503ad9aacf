-- A few records as the vendor sent them beside what would be posted, chosen
-- for what is easily misread: the decimals of a currency, a refund, tax, and
-- the largest amount.
with

drafts as (

    select
        draft.spend_id,
        draft.payload,
        draft.amount,
        case
            when draft.amount < 0 then 'a negative amount'
            when spend.currency_exponent != 2
                then spend.currency || ' has ' || spend.currency_exponent
                    || ' decimals'
            when records.payload ->> '$.attributes.total_amount'
                != records.payload ->> '$.attributes.total_amount_with_tax'
                then 'with tax'
            else 'the largest amount'
        end as shows,
        coalesce(
            nullif(records.payload -> '$.attributes', 'null'), records.payload
        ) as received

    from item_draft as draft

    inner join canonical.spend as spend
        on draft.spend_id = spend.spend_id

    inner join raw.records as records
        on spend.source = records.source
        and spend.stream = records.stream
        and spend.record_id = records.record_id
        and spend.record_version = records.version

    where draft.gate is not null
        and draft.kind != 'reversal'

),

chosen as (

    select *

    from drafts

    qualify row_number() over (
        partition by shows
        order by abs(amount) desc, spend_id
    ) = 1

)

select
    spend_id,
    shows,
    '{' || array_to_string(
        list_transform(
            list_filter(
                json_keys(received),
                lambda name: regexp_matches(
                    name,
                    '^(type|quantity|currency|status|total_|amount|.*date)'
                ) and not regexp_matches(name, '_(default|normalized)')
            ),
            lambda name: to_json(name) || ':' || (received -> name)
        ),
        ','
    ) || '}' as received,
    payload as posted

from chosen

order by shows

limit $most
