-- A name stays with the spelling it was posted for when the keys change.
update ops.vendor_names as names set
    vendor_key = spellings.vendor_key

from staging.vendor_spellings as spellings

where names.spelling = spellings.spelling
    and names.vendor_origin = spellings.vendor_origin
    and names.vendor_key != spellings.vendor_key
