-- What a name stands for: a vendor with all its keys, or, if no vendor has
-- that name, the key of a spelling.
with

found as (

    select distinct
        vendor,
        vendor_key,
        vendor = $name as whole

    from canonical.spend

    where vendor = $name
        or vendor_raw = $name
        or vendor_key = lower($name)

)

select
    vendor,
    vendor_key

from found

where whole
    or not exists (select 1 from found as others where others.whole)

order by vendor, vendor_key
