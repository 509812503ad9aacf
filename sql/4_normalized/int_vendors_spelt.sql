-- Every spelling of a vendor's name in any version of any record, by where it
-- is written, with its earliest place.
merge into staging.vendor_spellings as spellings

using (

    with

    names as (

        select distinct
            spelling as name,
            descriptor

        from vendors_seen

    ),

    names_keyed as (

        select * from vendor_keys('names')

    )

    select
        seen.spelling,
        seen.vendor_origin,
        seen.first_seen,
        keys.vendor_key,
        keys.decorated,
        keys.rules

    from vendors_seen as seen

    inner join names_keyed as keys
        on seen.spelling = keys.name
        and seen.descriptor = keys.descriptor

) as seen
    on spellings.spelling = seen.spelling
    and spellings.vendor_origin = seen.vendor_origin

when matched
    and seen.first_seen < {
        'seen_at': spellings.seen_at,
        'page_id': spellings.page_id,
        'ordinal': spellings.ordinal
    }
    then update set
        seen_at = seen.first_seen.seen_at,
        page_id = seen.first_seen.page_id,
        ordinal = seen.first_seen.ordinal

when not matched then
    insert (
        page_id,
        ordinal,
        spelling,
        vendor_origin,
        vendor_key,
        key_rules,
        decorated,
        seen_at
    )
    values (
        seen.first_seen.page_id,
        seen.first_seen.ordinal,
        seen.spelling,
        seen.vendor_origin,
        seen.vendor_key,
        seen.rules,
        seen.decorated,
        seen.first_seen.seen_at
    )
