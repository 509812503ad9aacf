-- A person's decision changes the name that a vendor goes by.
update ops.vendor_names as names set
    vendor = keyed.vendor

from (

    select distinct
        vendor_key,
        vendor

    from vendors_keyed

    where vendor_rule = 'alias'

) as keyed

where names.vendor_key = keyed.vendor_key
    and names.vendor != keyed.vendor
