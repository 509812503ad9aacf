-- Every spelling of a vendor's name in any version of any record, by where it
-- is written, with its earliest place. Only versions that are new to staging
-- are read: the newest of a record as it was combined, all others as their
-- vendor's SQL found them in the payloads.
merge into staging.vendor_spellings as spellings

using (

    with

    pending as (

        select * from pending_versions

    ),

    combined as (

        select
            records.vendor_raw as spelling,
            records.vendor_origin,
            pending.seen_at,
            pending.page_id,
            pending.ordinal

        from staging.records_combined as records

        inner join pending
            on records.source = pending.source
            and records.stream = pending.stream
            and records.record_id = pending.record_id
            and records.record_version = pending.version

        where records.vendor_origin = 'descriptor'
            or records.vendor_origin = 'title' and records.vendor_id is null

    ),

    seen as (

        select
            spelling as name,
            vendor_origin,
            vendor_origin = 'descriptor' as descriptor,
            min((seen_at, page_id, ordinal)) as first_seen

        from (
            select * from combined
            union all by name
            select * from spellings_elsewhere
        )

        where spelling is not null

        group by spelling, vendor_origin

    ),

    names as (

        select distinct
            name,
            descriptor

        from seen

    ),

    names_keyed as (

        select * from vendor_keys('names')

    )

    select
        seen.name as spelling,
        seen.vendor_origin,
        seen.first_seen,
        keys.vendor_key,
        keys.decorated,
        keys.rules

    from seen

    inner join names_keyed as keys
        on seen.name = keys.name
        and seen.descriptor = keys.descriptor

) as seen
    on spellings.spelling = seen.spelling
    and spellings.vendor_origin = seen.vendor_origin

when matched
    and seen.first_seen
    < (spellings.seen_at, spellings.page_id, spellings.ordinal)
    then update set
        seen_at = seen.first_seen[1],
        page_id = seen.first_seen[2],
        ordinal = seen.first_seen[3]

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
        seen.first_seen[2],
        seen.first_seen[3],
        seen.spelling,
        seen.vendor_origin,
        seen.vendor_key,
        seen.rules,
        seen.decorated,
        seen.first_seen[1]
    )
