-- Records whose vendor goes by another name now, though they did not change.
insert into dirty_records by name

with

renamed as (

    select * from int_vendors_keyed
    except
    select * from staging.vendor_names

)

select
    records.source,
    records.stream,
    records.record_id

from staging.records_combined as records

semi join renamed
    on records.vendor_raw = renamed.vendor_raw

anti join dirty_records as known
    on records.source = known.source
    and records.stream = known.stream
    and records.record_id = known.record_id
