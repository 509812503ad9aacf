-- A vendor that the aliases now in staging would leave under several names.
select
    spend.vendor,
    string_agg(distinct keyed.vendor, ', ' order by keyed.vendor) as names

from canonical.spend as spend

inner join staging.records_combined as records
    on spend.spend_id = records.spend_id

inner join int_vendors_keyed as keyed
    on records.vendor_raw = keyed.vendor_raw
    and records.vendor_origin = keyed.vendor_origin

group by spend.vendor

having count(distinct keyed.vendor) > 1

order by spend.vendor

limit 1
