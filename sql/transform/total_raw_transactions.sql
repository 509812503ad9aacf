-- Reads currency and amount of new versions of transactions directly from their
-- payloads. It shares nothing with the models, so the totals prove them.
insert into staging.raw_values by name

with

unread as (

    from raw.newest_records

    anti join staging.raw_values as known
        using (source, stream, record_id, version)

    where stream = 'transactions'

),

texts as (

    select
        source,
        stream,
        record_id,
        version,
        json_extract_string(records.payload, [
            '$.currency',
            '$.amount'
        ]) as found

    from raw.records as records

    inner join unread
        using (source, stream, record_id, version)

),

read as (

    select
        source,
        stream,
        record_id,
        version,
        nullif(trim(found[1]), '') as currency,
        regexp_extract(
            trim(found[2]),
            '^[+-]?([0-9]{1,24}|[0-9]{1,15}\.[0-9]{1,4}0*)$'
        ) as amount

    from texts

)

-- A short text is read a hundred times as fast as a decimal of few digits.
select
    * exclude (amount),
    case
        when length(amount) between 1 and 14 then amount::decimal(18, 4)
        when amount != '' then amount::decimal(38, 4)
    end as net_amount,
    net_amount as gross_amount

from read
