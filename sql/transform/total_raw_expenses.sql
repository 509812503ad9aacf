-- Reads currency and amount of new versions of expenses directly from their
-- payloads. It shares nothing with the models, so the totals prove them.
insert into staging.raw_values by name

with

unread as (

    from raw.newest_records

    anti join staging.raw_values as known
        using (source, stream, record_id, version)

    where stream = 'expenses'

),

texts as (

    select
        source,
        stream,
        record_id,
        version,
        json_extract_string(records.payload, [
            '$.attributes.currency',
            '$.attributes.total_amount',
            '$.attributes.total_amount_with_tax'
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
            trim(found[2]), '^-?([0-9]{1,24}|[0-9]{1,15}\.0)$'
        ) as net,
        regexp_extract(
            trim(found[3]), '^-?([0-9]{1,24}|[0-9]{1,15}\.0)$'
        ) as gross

    from texts

)

-- A short text is read a hundred times as fast as a decimal of few digits.
select
    * exclude (net, gross),
    case
        when length(net) between 1 and 14 then net::decimal(18, 4)
        when net != '' then net::decimal(38, 4)
    end as net_amount,
    case
        when length(gross) between 1 and 14 then gross::decimal(18, 4)
        when gross != '' then gross::decimal(38, 4)
    end as gross_amount

from read
