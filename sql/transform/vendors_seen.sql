-- Every spelling of a vendor's name in a version that is new to staging, by
-- where it is written, with its earliest place there: in the newest version of
-- a record as it was combined, in all others as their vendor's SQL found it in
-- the payload.
create or replace temp table vendors_seen as

with

pending as (

    select * from pending_versions

),

combined as (

    select
        records.vendor_raw as spelling,
        records.vendor_origin,
        pending.seen_at,
        pending.page_id,
        pending.ordinal

    from staging.records_combined as records

    inner join pending
        on records.source = pending.source
        and records.stream = pending.stream
        and records.record_id = pending.record_id
        and records.record_version = pending.version

    where records.vendor_origin = 'descriptor'
        or records.vendor_origin = 'title' and records.vendor_id is null

)

select
    spelling,
    vendor_origin,
    vendor_origin = 'descriptor' as descriptor,
    min({
        'seen_at': seen_at, 'page_id': page_id, 'ordinal': ordinal
    }) as first_seen

from (
    select * from combined
    union all by name
    select * from spellings_elsewhere
)

where spelling is not null

group by spelling, vendor_origin
