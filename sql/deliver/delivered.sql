-- A file of delivered keys, exported from Productiv, against the ledger.

-- name: keys
-- What a file exported from Productiv says of each record: which version
-- is there, and whether it was reversed since.
create or replace temp table delivered_keys as

with

keys as (

    select
        key,
        regexp_replace(key, '-(v|rev)[0-9]+$', '') as spend_id,
        coalesce(
            nullif(regexp_extract(key, '-(v|rev)([0-9]+)$', 2), ''), '1'
        )::integer as version,
        regexp_matches(key, '-rev[0-9]+$') as is_reversal,
        nullif(amount, '')::decimal(18, 4) as amount,
        nullif(currency, '') as currency,
        count(*) over (partition by key) as times

    from (
        select unnest(
            from_json($keys, '[{
                "key": "VARCHAR", "amount": "VARCHAR", "currency": "VARCHAR"
            }]'),
            recursive := true
        )
    ) as listed

)

select
    spend_id,
    max(version) filter (not is_reversal) as version,
    arg_max(key, version) filter (not is_reversal) as key,
    arg_max(amount, version) filter (not is_reversal and amount is not null)
        as amount,
    arg_max(currency, version) filter (
        not is_reversal and currency is not null
    ) as currency,
    coalesce(max(version) filter (is_reversal), 0)
        >= coalesce(max(version) filter (not is_reversal), 1) as reversed,
    max(times) as times

from keys

group by spend_id;

-- name: draft
-- Turns the draft into what was accepted: under the newest key, with the
-- amount and currency of the file where it has them.
create or replace temp table item_draft as

select
    draft.* replace (
        keys.key as key,
        keys.version as version,
        'correction' as kind,
        coalesce(keys.amount, draft.amount) as amount,
        coalesce(keys.currency, draft.currency) as currency,
        replace(
            replace(
                case when keys.amount != draft.amount then regexp_replace(
                    draft.payload,
                    '"amount":-?[0-9.]+',
                    '"amount":' || keys.amount::varchar
                ) else draft.payload end,
                '"currency":' || to_json(draft.currency),
                '"currency":' || to_json(
                    coalesce(keys.currency, draft.currency)
                )
            ),
            to_json(draft.key)::varchar,
            to_json(keys.key)::varchar
        ) as payload,
        -- It differs from the record only where the file says so.
        case
            when keys.amount != draft.amount
                or keys.currency != draft.currency
                then md5(draft.content_hash)
            else draft.content_hash
        end as content_hash
    ),
    keys.reversed as is_reversed

from item_draft as draft

inner join delivered_keys as keys
    on draft.spend_id = keys.spend_id

where draft.gate is null;

-- name: reversals
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

where is_reversed;

-- name: orphans
-- Keys that are not booked, with the reason.
select
    coalesce(keys.key, keys.spend_id) || case
        when keys.times > 1 then ' (occurs twice)'
        when keys.key is null then ' (only its reversal is listed)'
        else ' (not a spend record)'
    end as orphan

from delivered_keys as keys

left join canonical.spend as spend
    on keys.spend_id = spend.spend_id

left join diff_ledger as ledger
    on keys.spend_id = ledger.spend_id
    and ledger.standing_no is not null

where keys.times > 1
    or keys.key is null
    or spend.spend_id is null and ledger.spend_id is null

order by orphan;

-- name: count
select
    count(*) filter (keys.key is not null) as booked,
    count(*) filter (keys.key is not null and keys.amount is null)
        as unverified,
    count(*) filter (keys.key is null) as unlisted

from item_draft as draft

left join delivered_keys as keys
    on draft.spend_id = keys.spend_id
    and keys.times = 1
    and keys.key is not null

where draft.kind = 'spend';

-- name: hold
-- What the file lacks stays held.
update item_draft

set gate = 'delivered_keys'

where kind != 'spend'
    or spend_id not in (
        select spend_id from delivered_keys
        where times = 1
            and key is not null
    );
