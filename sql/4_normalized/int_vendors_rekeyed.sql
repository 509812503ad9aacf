-- Recomputes all keys after a change of the seeds.
update staging.vendor_spellings as spellings set
    vendor_key = keys.vendor_key,
    decorated = keys.decorated,
    key_rules = keys.rules

from (

    with

    nobody as (

        select
            '' as name,
            false as descriptor

    ),

    outdated as (

        select distinct
            spelling as name,
            vendor_origin = 'descriptor' as descriptor

        from staging.vendor_spellings

        where key_rules != (select rules from vendor_keys('nobody'))

    )

    select * from vendor_keys('outdated')

) as keys

where spellings.spelling = keys.name
    and (spellings.vendor_origin = 'descriptor') = keys.descriptor
