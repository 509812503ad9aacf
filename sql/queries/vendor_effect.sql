-- What the aliases now in staging would rename, by month.
with

posted as (

    select distinct spend_id

    from delivery.items

    where state = 'accepted'

)

select
    strftime(spend.occurred_on, '%Y-%m') as month,
    spend.vendor,
    keyed.vendor as into_vendor,
    count(*) as records,
    coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count(posted.spend_id) as posted

from canonical.spend as spend

inner join staging.records_combined as records
    on spend.spend_id = records.spend_id

inner join int_vendors_keyed as keyed
    on records.vendor_raw = keyed.vendor_raw
    and records.vendor_origin = keyed.vendor_origin
    and spend.vendor != keyed.vendor

left join posted
    on spend.spend_id = posted.spend_id

group by month, spend.vendor, into_vendor

order by month, spend.vendor, into_vendor
