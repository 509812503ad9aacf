-- Vendors by what was spent with them, in the reporting currency.
with

spellings as (

    select
        vendor,
        vendor_raw as spelling,
        count(*) as records

    from canonical.spend

    group by vendor, spelling

),

spelt as (

    select
        vendor,
        list(spelling order by records desc, spelling) as spellings

    from spellings

    group by vendor

),

spent as (

    select
        vendor,
        count(*) as records,
        coalesce(sum(amount_reporting), 0)::decimal(38, 4) as amount,
        count_if(amount_reporting is null) as unpriced,
        bool_or(vendor_rule = 'alias') as aliased,
        max(occurred_on) as last_on

    from canonical.spend

    group by vendor

)

select
    spent.vendor,
    spent.records,
    spent.amount::varchar as amount,
    spent.unpriced,
    spent.aliased,
    spent.last_on::varchar as last_on,
    to_json(spelt.spellings)::varchar as spellings

from spent

inner join spelt
    on spent.vendor = spelt.vendor

order by spent.amount desc, spent.vendor
