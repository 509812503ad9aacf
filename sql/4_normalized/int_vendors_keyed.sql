-- What each spelling of a vendor's name stands for: one row per spelling.
-- Spellings with one key are one vendor. Its name is the alias file's, else
-- the spelling seen first, so that later data never renames it.
create or replace temp view int_vendors_keyed as

with

aliases as (

    select * from staging.vendor_aliases where decision = 'same'

),

-- An expense whose vendor has no name goes by its own.
nameless as (

    select
        records.vendor_raw as name,
        min(records.changed_at) as seen_at,
        min(records.page_id) as page_id

    from staging.records_combined as records

    anti join staging.vendor_spellings as spellings
        on records.vendor_raw = spellings.spelling

    where records.vendor_raw is not null

    group by records.vendor_raw

),

keyed as (

    select
        spelling,
        vendor_key,
        seen_at,
        page_id,
        ordinal

    from staging.vendor_spellings

    union all by name

    select
        nameless.name as spelling,
        keys.vendor_key,
        nameless.seen_at,
        nameless.page_id,
        0 as ordinal

    from nameless

    inner join vendor_keys('nameless') as keys
        on nameless.name = keys.name

),

first_spelled as (

    select
        vendor_key,
        arg_min(spelling, (seen_at, page_id, ordinal, spelling)) as vendor

    from keyed

    group by vendor_key

),

-- An alias is written as a key, as a name, or as a pattern.
alias_names as (

    select distinct match as name from aliases where not contains(match, '*')

),

keyed_aliases as (

    select
        lower(aliases.match) as vendor_key,
        aliases.vendor,
        1 as choice,
        aliases.position

    from aliases

    where not contains(aliases.match, '*')

    union all

    select
        alias_keys.vendor_key,
        aliases.vendor,
        2 as choice,
        aliases.position

    from aliases

    inner join vendor_keys('alias_names') as alias_keys
        on aliases.match = alias_keys.name

    union all

    select
        keyed.vendor_key,
        aliases.vendor,
        3 as choice,
        aliases.position

    from aliases

    inner join keyed
        on keyed.vendor_key glob lower(aliases.match)
        or lower(keyed.spelling) glob lower(aliases.match)

    where contains(aliases.match, '*')

),

-- A key comes before a name, a name before a pattern; then the first line of
-- the file wins.
aliased as (

    select
        vendor_key,
        arg_min(vendor, (choice, position)) as vendor

    from keyed_aliases

    group by vendor_key

)

select
    keyed.spelling as vendor_raw,
    keyed.vendor_key,
    coalesce(aliased.vendor, first_spelled.vendor) as vendor,
    if(aliased.vendor is null, 'first_spelling', 'alias') as vendor_rule

from keyed

inner join first_spelled
    on keyed.vendor_key = first_spelled.vendor_key

left join aliased
    on keyed.vendor_key = aliased.vendor_key
