-- Turns the draft into what was accepted: under the key that stands, with the
-- amount and currency of the file where it has them.
create or replace temp table item_draft as

with

accepted as (

    select
        draft.* replace (
            keys.key as key,
            keys.version as version,
            'correction' as kind,
            coalesce(keys.amount, draft.amount) as amount,
            coalesce(keys.currency, draft.currency) as currency
        ),
        keys.reversed as is_reversed,
        draft.key as old_key,
        draft.currency as old_currency

    from item_draft as draft

    inner join delivered_keys as keys
        on draft.spend_id = keys.spend_id

    where draft.gate is null

)

select * exclude (is_reversed, old_key, old_currency) replace (
        replace(
            replace(
                regexp_replace(
                    payload, '"amount":-?[0-9.]+', case
                        when amount::varchar = regexp_extract(
                            payload, '"amount":(-?[0-9.]+)', 1
                        )::decimal(18, 4)::varchar
                            then regexp_extract(payload, '"amount":-?[0-9.]+')
                        else '"amount":' || amount::varchar
                    end
                ),
                '"currency":' || to_json(old_currency),
                '"currency":' || to_json(currency)
            ),
            to_json(old_key)::varchar,
            to_json(key)::varchar
        ) as payload,
        -- It differs from the record only where the file says so.
        case when amount = regexp_extract(
            payload, '"amount":(-?[0-9.]+)', 1
        )::decimal(18, 4) and currency = old_currency
            then content_hash
            else md5(content_hash)
        end as content_hash
    ),
    is_reversed

from accepted
