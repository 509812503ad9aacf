select
    vendor_key,
    vendor,
    spelling

from ops.vendor_names

order by vendor_key
