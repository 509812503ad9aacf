-- One row per item that the diff asks for, with its exact JSON. concat_ws
-- skips what is null, to_json escapes texts and keeps decimals as they are.
-- A new version that `follows` waits until its reversal is accepted; one of
-- what is `reversed` has waited for that.
create or replace temp table item_draft as

with

asked as (

    select
        spend.* exclude (amount),
        diff.class,
        diff.target,
        diff.content_hash,
        diff.created_ms,
        diff.reversed,
        diff.action = 'reverse' as follows,
        case
            when diff.action = 'resend' then diff.versions
            else coalesce(diff.versions, 0) + 1
        end as version,
        case
            when diff.action = 'resend' then 'resend'
            when diff.versions is null then 'spend'
            else 'version'
        end as item_kind,
        case
            when diff.action = 'resend' then diff.standing_key
            when diff.versions is null then diff.spend_id
            else diff.spend_id || '-v' || (diff.versions + 1)
        end as key,
        case spend.currency_exponent
            when 0 then spend.amount::decimal(18, 0)::varchar
            when 1 then spend.amount::decimal(18, 1)::varchar
            when 2 then spend.amount::decimal(18, 2)::varchar
            when 3 then spend.amount::decimal(18, 3)::varchar
            else spend.amount::varchar
        end as amount_text

    from diff

    inner join canonical.spend as spend
        on diff.spend_id = spend.spend_id

    where diff.action in ('post', 'resend')
        or diff.action = 'reverse' and diff.class = 'changed'

)

select
    spend_id,
    class,
    null::varchar as gate,
    false as approved,
    reversed,
    follows,
    target,
    key,
    item_kind as kind,
    version,
    source,
    page_id,
    record_version,
    content_hash,
    currency,
    created_ms,
    occurred_on,
    amount_text::decimal(18, 4) as amount,
    $record_schema as record_schema,
    '{' || concat_ws(
        ',',
        case when $record_schema = 'spend'
            then '"signatureId":' || to_json(key)
        end,
        '"created":' || created_ms,
        '"amount":' || amount_text,
        '"currency":' || to_json(currency),
        '"identifier":' || to_json(trim(left(identifier, 255))),
        '"type":' || to_json(type),
        '"vendor":' || to_json(trim(left(vendor, 255))),
        '"name":' || to_json(nullif(trim(left(name, 255)), '')),
        '"category":' || to_json(nullif(trim(left(category, 255)), '')),
        case $record_schema when 'finance' then '"description":'
            else '"additionalData1":'
        end || to_json(nullif(trim(left(description, 255)), '')),
        case $record_schema when 'finance'
            then '"transactionNumber":' || to_json(key)
            else concat_ws(
                ',',
                '"additionalData2":'
                || to_json(nullif(trim(left(department, 255)), '')),
                '"additionalData3":'
                || to_json(kind || ':' || stream || ':' || record_id)
            )
        end
    ) || '}' as payload

from asked

-- The order in which they are sent; reversals are added to the end.
order by follows, target, occurred_on, key
