-- Records whose vendor goes by another name now, though they did not change.
insert into dirty_records by name

with

renamed as (

    select
        vendor_raw,
        vendor_origin,
        vendor_key,
        vendor,
        vendor_rule

    from vendors_keyed

    except

    select
        vendor_raw,
        vendor_origin,
        vendor_key,
        vendor,
        vendor_rule

    from staging.vendor_names

)

select
    records.source,
    records.stream,
    records.record_id

from staging.records_combined as records

semi join renamed
    on records.vendor_raw = renamed.vendor_raw
    and records.vendor_origin = renamed.vendor_origin

anti join dirty_records as known
    on records.source = known.source
    and records.stream = known.stream
    and records.record_id = known.record_id
