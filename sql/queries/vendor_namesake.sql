-- A vendor whose name differs in capitals only.
select min(vendor) as vendor

from canonical.spend

where lower(vendor) = lower($name)
    and vendor != $name
