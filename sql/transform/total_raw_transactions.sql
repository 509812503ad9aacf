-- Reads currency and amount of new versions of transactions directly from their
-- payloads. It shares nothing with the models, so the totals prove them.
insert into staging.raw_values by name

with

read as (

    select
        * exclude (found),
        nullif(trim(found[1]), '') as currency,
        regexp_extract(
            trim(found[2]),
            '^[+-]?([0-9]{1,24}|[0-9]{1,15}\.[0-9]{1,4}0*)$'
        ) as amount

    from raw_texts('transactions', ['$.currency', '$.amount'])

)

select
    * exclude (amount),
    raw_amount(amount) as net_amount,
    net_amount as gross_amount

from read
