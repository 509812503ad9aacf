-- Vendors as people review them.

-- name: list
-- Vendors by what was spent with them, in the reporting currency.
with

spelt as (

    select
        vendor,
        vendor_raw as spelling,
        count(*) as records,
        sum(amount_reporting) as amount,
        count_if(amount_reporting is null) as unpriced,
        bool_or(vendor_rule = 'alias') as aliased,
        max(occurred_on) as last_on

    from canonical.spend

    group by vendor, spelling

)

select
    vendor,
    sum(spelt.records)::bigint as records,
    coalesce(sum(spelt.amount), 0)::decimal(38, 4)::varchar as amount,
    sum(spelt.unpriced)::bigint as unpriced,
    bool_or(spelt.aliased) as aliased,
    max(spelt.last_on)::varchar as last_on,
    to_json(list(
        spelling order by spelt.records desc, spelling
    ))::varchar as spellings

from spelt

group by vendor

order by coalesce(sum(spelt.amount), 0) desc, vendor;

-- name: effect
-- What the aliases in staging would rename, by month.
select
    strftime(occurred_on, '%Y-%m') as month,
    vendor_before as vendor,
    vendor as into_vendor,
    count(*) as records,
    coalesce(sum(amount_reporting), 0)::decimal(38, 4)::varchar as amount,
    count_if(spend_id in (
        select spend_id from delivery.items where state = 'accepted'
    )) as posted

from vendor_spend

where vendor_before != vendor

group by all

order by all;

-- name: spend
-- All spend as the aliases in staging would name its vendors.
create or replace temp view vendor_spend as

select
    spend.spend_id,
    spend.vendor as vendor_before,
    keyed.vendor,
    keyed.vendor_key,
    keyed.vendor_raw,
    spend.amount_reporting,
    spend.occurred_on

from canonical.spend as spend

inner join staging.records_combined as records
    on spend.spend_id = records.spend_id

inner join int_vendors_keyed as keyed
    on records.vendor_raw = keyed.vendor_raw
    and records.vendor_origin = keyed.vendor_origin;

-- name: suggest
-- Pairs of vendors that are probably the same, those that would move most spend
-- first.
with

spellings as (

    select
        vendor as name,
        vendor_key as key,
        vendor_raw as spelling,
        count(*) as records,
        coalesce(sum(amount_reporting), 0)::decimal(38, 4) as amount

    from vendor_spend

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
    vendor_before,
    string_agg(distinct vendor, ', ' order by vendor) as names

from vendor_spend

group by vendor_before

having count(distinct vendor) > 1

order by vendor_before

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
