-- Vendors as people review them.

-- name: list
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

order by spent.amount desc, spent.vendor;

-- name: effect
-- What the aliases in staging would rename, by month.
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

order by month, spend.vendor, into_vendor;

-- name: suggest
-- Pairs of vendors that are probably the same, those that would move most spend
-- first.
with

spellings as (

    select
        keyed.vendor as name,
        keyed.vendor_key as key,
        keyed.vendor_raw as spelling,
        count(*) as records,
        coalesce(sum(spend.amount_reporting), 0)::decimal(38, 4) as amount

    from canonical.spend as spend

    inner join staging.records_combined as records
        on spend.spend_id = records.spend_id

    inner join int_vendors_keyed as keyed
        on records.vendor_raw = keyed.vendor_raw
        and records.vendor_origin = keyed.vendor_origin

    group by all

)

select
    pairs.name as vendor,
    pairs.spelling,
    pairs.amount::varchar as amount,
    pairs.records,
    pairs.into_name as into_vendor,
    pairs.into_spelling,
    pairs.into_amount::varchar as into_amount,
    pairs.into_records,
    pairs.similarity::varchar as similarity

from likely_pairs('spellings', $least) as pairs

where not exists (
    select 1
    from staging.vendor_aliases as rejected
    where rejected.decision = 'different'
        and (lower(rejected.match), lower(rejected.vendor)) in (
            (lower(pairs.name), lower(pairs.into_name)),
            (lower(pairs.into_name), lower(pairs.name))
        )
)

order by
    pairs.amount desc,
    pairs.similarity desc,
    pairs.name,
    pairs.into_name;

-- name: split
-- A vendor to which the aliases in staging would give several names.
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

limit 1;

-- name: respell
-- Vendors posted under a name that has a better spelling by now, those with
-- most spend first.
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
    keyed.best_spelling as better_spelling,
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
    keyed.best_spelling;
