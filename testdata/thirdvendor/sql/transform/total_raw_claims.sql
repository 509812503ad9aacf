-- Reads currency and amount of the newest claims that are not read yet.
insert into staging.raw_values by name

with

newest as (

    select
        source,
        stream,
        record_id,
        max(version) as version

    from raw.records

    where stream = 'claims'

    group by all

)

select
    newest.*,
    records.payload ->> '$.currency' as currency,
    try_cast(records.payload ->> '$.cents' as decimal(38, 4)) as net_amount,
    net_amount as gross_amount

from newest

inner join raw.records as records
    using (source, stream, record_id, version)

anti join staging.raw_values as known
    using (source, stream, record_id, version)
