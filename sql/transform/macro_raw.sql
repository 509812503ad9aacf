-- Macros of the raw totals, which share nothing with the models that they
-- prove.

-- name: texts
-- The texts at some paths of the payloads of a stream's new versions.
create or replace temp macro raw_texts(of_stream, paths) as table

with

unread as (

    from raw.newest_records

    anti join staging.raw_values as known
        using (source, stream, record_id, version)

    where stream = of_stream

)

select
    source,
    stream,
    record_id,
    version,
    json_extract_string(records.payload, paths) as found

from raw.records as records

inner join unread
    using (source, stream, record_id, version);

-- name: amount
-- The amount of a text of digits, null for an empty one. A short text is read a
-- hundred times as fast as a decimal of few digits.
create or replace temp macro raw_amount(digits) as case
    when length(digits) between 1 and 14 then digits::decimal(18, 4)
    when digits != '' then digits::decimal(38, 4)
end;
