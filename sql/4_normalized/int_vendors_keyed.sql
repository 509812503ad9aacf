-- The vendor of each spelling: one row per spelling and place where it is
-- written. Spellings with one key are one vendor. Its name is the alias file's,
-- else the one it was posted under first, so that later data never renames it,
-- else its best spelling.
create or replace temp view int_vendors_keyed as

with

aliases as (

    select * from staging.vendor_aliases where decision = 'same'

),

spelt as (

    select
        vendor_raw as spelling,
        vendor_origin,
        count(*) as records,
        min(changed_at) as seen_at,
        min(page_id) as page_id

    from staging.records_combined

    where vendor_raw is not null

    group by vendor_raw, vendor_origin

),

-- An expense whose vendor has no name uses its title.
nameless as (

    select
        spelt.spelling as name,
        spelt.vendor_origin,
        spelt.vendor_origin = 'descriptor' as descriptor,
        spelt.seen_at,
        spelt.page_id

    from spelt

    anti join staging.vendor_spellings as spellings
        on spelt.spelling = spellings.spelling
        and spelt.vendor_origin = spellings.vendor_origin

),

keyed as (

    select
        spelling,
        vendor_origin,
        vendor_key,
        decorated,
        seen_at,
        page_id,
        ordinal

    from staging.vendor_spellings

    union all by name

    select
        nameless.name as spelling,
        nameless.vendor_origin,
        keys.vendor_key,
        keys.decorated,
        nameless.seen_at,
        nameless.page_id,
        0 as ordinal

    from nameless

    inner join vendor_keys('nameless') as keys
        on nameless.name = keys.name
        and nameless.descriptor = keys.descriptor

),

-- People maintain the company directory; machines write descriptors.
best_spelt as (

    select
        keyed.vendor_key,
        arg_min(keyed.spelling, (
            keyed.vendor_origin != 'directory',
            keyed.decorated,
            keyed.spelling in (upper(keyed.spelling), lower(keyed.spelling)),
            -coalesce(spelt.records, 0),
            keyed.seen_at,
            keyed.page_id,
            keyed.ordinal,
            keyed.spelling
        )) as spelling

    from keyed

    left join spelt
        on keyed.spelling = spelt.spelling
        and keyed.vendor_origin = spelt.vendor_origin

    group by keyed.vendor_key

),

fixed as (

    select
        vendor_key,
        arg_min(vendor, (fixed_at, vendor)) as vendor

    from ops.vendor_names

    group by vendor_key

),

-- An alias is written as a key, as a name, or as a pattern.
alias_matches as (

    select distinct
        match as name,
        unnest([false, true]) as descriptor

    from aliases

    where not contains(match, '*')

),

alias_names as (

    select distinct
        vendor as name,
        false as descriptor

    from aliases

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
        if(alias_keys.descriptor, 3, 2) as choice,
        aliases.position

    from aliases

    inner join vendor_keys('alias_matches') as alias_keys
        on aliases.match = alias_keys.name

    union all

    select
        keyed.vendor_key,
        aliases.vendor,
        4 as choice,
        aliases.position

    from aliases

    inner join keyed
        on keyed.vendor_key glob lower(aliases.match)
        or lower(keyed.spelling) glob lower(aliases.match)

    where contains(aliases.match, '*')

    union all

    -- A spelling with the key of a chosen name belongs to that vendor.
    select
        name_keys.vendor_key,
        aliases.vendor,
        5 as choice,
        aliases.position

    from aliases

    inner join vendor_keys('alias_names') as name_keys
        on aliases.vendor = name_keys.name

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
    keyed.vendor_origin,
    keyed.vendor_key,
    coalesce(aliased.vendor, fixed.vendor, best_spelt.spelling) as vendor,
    if(aliased.vendor is null, 'best_spelling', 'alias') as vendor_rule,
    best_spelt.spelling as best_spelling

from keyed

inner join best_spelt
    on keyed.vendor_key = best_spelt.vendor_key

left join fixed
    on keyed.vendor_key = fixed.vendor_key

left join aliased
    on keyed.vendor_key = aliased.vendor_key
