-- What a file exported from Productiv says of each record: which version
-- stands there, and whether it was reversed since.
create or replace temp table delivered_keys as

with

listed as (

    select unnest(
        from_json($keys, '[{
            "key": "VARCHAR", "amount": "VARCHAR", "currency": "VARCHAR"
        }]'),
        recursive := true
    )

),

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

    from listed

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

group by spend_id
