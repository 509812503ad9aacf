-- Reads currency and amount of new versions of expenses directly from their
-- payloads. It shares nothing with the models, so the totals prove them.
insert into staging.raw_values by name

with

read as (

    select
        * exclude (found),
        nullif(trim(found[1]), '') as currency,
        regexp_extract(
            trim(found[2]), '^-?([0-9]{1,24}|[0-9]{1,15}\.0)$'
        ) as net,
        regexp_extract(
            trim(found[3]), '^-?([0-9]{1,24}|[0-9]{1,15}\.0)$'
        ) as gross

    from raw_texts('expenses', [
        '$.attributes.currency',
        '$.attributes.total_amount',
        '$.attributes.total_amount_with_tax'
    ])

)

select
    * exclude (net, gross),
    raw_amount(net) as net_amount,
    raw_amount(gross) as gross_amount

from read
