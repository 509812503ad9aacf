-- A change of the seeds makes all keys anew.
update staging.vendor_spellings as spellings set
    vendor_key = keys.vendor_key,
    key_rules = keys.rules

from (

    with

    nobody as (

        select '' as name

    ),

    outdated as (

        select spelling as name

        from staging.vendor_spellings

        where key_rules != (select rules from vendor_keys('nobody'))

    )

    select * from vendor_keys('outdated')

) as keys

where spellings.spelling = keys.name
