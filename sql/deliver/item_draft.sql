-- One row per item that the diff asks for, with its exact JSON. concat_ws
-- skips what is null, to_json escapes texts and keeps decimals as they are.
-- A new version that `follows` waits until its reversal is accepted; one of
-- what stands `reversed` has waited for that.
create or replace temp table item_draft as

with

asked as (

    select
        diff.spend_id,
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
        end as key

    from diff

    where diff.action in ('post', 'resend')
        or diff.action = 'reverse' and diff.class = 'changed'

),

texts as (

    select
        asked.*,
        spend.* exclude (spend_id, amount),
        case spend.currency_exponent
            when 0 then spend.amount::decimal(18, 0)::varchar
            when 1 then spend.amount::decimal(18, 1)::varchar
            when 2 then spend.amount::decimal(18, 2)::varchar
            when 3 then spend.amount::decimal(18, 3)::varchar
            else spend.amount::varchar
        end as amount_text,
        to_json(asked.key) as key_json,
        to_json(spend.currency) as currency_json,
        to_json(trim(left(spend.identifier, 255))) as identifier_json,
        to_json(spend.type) as type_json,
        to_json(trim(left(spend.vendor, 255))) as vendor_json,
        to_json(nullif(trim(left(spend.name, 255)), '')) as name_json,
        to_json(nullif(trim(left(spend.category, 255)), '')) as category_json,
        to_json(nullif(trim(left(spend.description, 255)), ''))
            as description_json,
        to_json(nullif(trim(left(spend.department, 255)), ''))
            as department_json,
        to_json(spend.kind || ':' || spend.stream || ':' || spend.record_id)
            as reference_json

    from asked

    inner join canonical.spend as spend
        on asked.spend_id = spend.spend_id

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
    '{' || case $record_schema
        when 'finance' then concat_ws(',',
            '"created":' || created_ms,
            '"amount":' || amount_text,
            '"currency":' || currency_json,
            '"identifier":' || identifier_json,
            '"type":' || type_json,
            '"vendor":' || vendor_json,
            '"name":' || name_json,
            '"category":' || category_json,
            '"description":' || description_json,
            '"transactionNumber":' || key_json
        )
        else concat_ws(',',
            '"signatureId":' || key_json,
            '"created":' || created_ms,
            '"amount":' || amount_text,
            '"currency":' || currency_json,
            '"identifier":' || identifier_json,
            '"type":' || type_json,
            '"vendor":' || vendor_json,
            '"name":' || name_json,
            '"category":' || category_json,
            '"additionalData1":' || description_json,
            '"additionalData2":' || department_json,
            '"additionalData3":' || reference_json
        )
    end || '}' as payload

from texts

-- The order in which they are sent.
order by target, occurred_on, key
