-- Offenders: records that lack a text Productiv requires.
select
    spend_id,
    identifier,
    vendor,
    type

from canonical.spend

where trim(identifier) = ''
    or trim(vendor) = ''
    or type not in ('expense', 'invoice')
