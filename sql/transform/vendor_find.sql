-- What a name refers to, with all its keys: a vendor; else the vendor that has
-- the name as a spelling; else, with `alike`, one whose name or key differs
-- only in case, accents, punctuation or legal form. The largest of several
-- wins.
with

asked as (

    select
        $name as name,
        unnest([false, true]) as descriptor

),

asked_keys as (

    select vendor_key from vendor_keys('asked')
    union
    select lower($name)

),

vendor_names as (

    select distinct
        vendor as name,
        false as descriptor

    from canonical.spend

),

likenesses as (

    select
        spend.vendor,
        count(*) as records,
        min(case
            when spend.vendor = $name then 1
            when spend.vendor_raw = $name then 2
            when $alike
                and (
                    spend.vendor_key in (select vendor_key from asked_keys)
                    or keys.vendor_key in (select vendor_key from asked_keys)
                )
                then 3
        end) as likeness

    from canonical.spend as spend

    inner join vendor_keys('vendor_names') as keys
        on spend.vendor = keys.name

    group by spend.vendor

)

select distinct
    vendor,
    vendor_key

from canonical.spend

where vendor = (
    select arg_min(likenesses.vendor, (likeness, -records, likenesses.vendor))
    from likenesses
    where likeness is not null
)

order by vendor_key
