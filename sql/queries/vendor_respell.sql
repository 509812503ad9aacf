-- Vendors that are posted under a name of which a better spelling is known by
-- now, those with most spend first.
with

keyed as (

    select distinct
        vendor_key,
        vendor,
        best_spelling

    from int_vendors_keyed

    where vendor_rule = 'best_spelling'
        and vendor != best_spelling

)

select
    keyed.vendor,
    keyed.best_spelling,
    count(*) as records,
    coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4)::varchar as amount

from canonical.spend as spend

inner join keyed
    on spend.vendor_key = keyed.vendor_key

where not exists (
    select 1
    from staging.vendor_aliases as rejected
    where rejected.decision = 'different'
        and lower(rejected.match) = lower(keyed.vendor)
        and rejected.vendor = keyed.best_spelling
)

group by keyed.vendor, keyed.best_spelling

order by
    sum(spend.amount_reporting) desc nulls last,
    keyed.vendor,
    keyed.best_spelling
