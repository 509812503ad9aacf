-- Objects that the vendor wrote otherwise and that hold what they held: notes
-- how they look now. If the page that showed them is lost, another one does.
update raw.records

set
    verbatim_hash = again.verbatim_hash,
    page_id = again.page_id,
    ordinal = again.ordinal

from (

    with

    -- Most of what was shown has just become a version.
    shown as (

        select
            incoming.stream,
            incoming.record_id,
            max((incoming.page_id, incoming.ordinal)) as place

        from record_incoming as incoming

        anti join raw.records as added
            on incoming.page_id = added.page_id
            and incoming.ordinal = added.ordinal
            and added.source = $source

        group by
            incoming.stream,
            incoming.record_id

    ),

    latest as (

        select
            records.stream,
            records.record_id,
            max(records.version) as version

        from raw.records as records

        semi join shown
            on records.stream = shown.stream
            and records.record_id = shown.record_id

        where records.source = $source

        group by
            records.stream,
            records.record_id

    ),

    lost as (

        select pages.page_id

        from raw.pages as pages

        where pages.lost

    )

    select
        incoming.stream,
        incoming.record_id,
        coalesce(incoming.verbatim_hash, stored.verbatim_hash) as verbatim_hash,
        case when lost.page_id is null then stored.page_id
            else incoming.page_id end as page_id,
        case when lost.page_id is null then stored.ordinal
            else incoming.ordinal end as ordinal,
        latest.version

    from record_incoming as incoming

    semi join shown
        on incoming.stream = shown.stream
        and incoming.record_id = shown.record_id
        and (incoming.page_id, incoming.ordinal) = shown.place

    inner join latest
        on incoming.stream = latest.stream
        and incoming.record_id = latest.record_id

    inner join raw.records as stored
        on stored.source = $source
        and latest.stream = stored.stream
        and latest.record_id = stored.record_id
        and latest.version = stored.version

    left join lost
        on stored.page_id = lost.page_id

    where stored.payload_hash = incoming.payload_hash
        and stored.fault is not distinct from incoming.fault
        and (
            stored.verbatim_hash != incoming.verbatim_hash
            or (stored.verbatim_hash is null) > (incoming.verbatim_hash is null)
            or lost.page_id is not null
        )

) as again

where records.source = $source
    and records.stream = again.stream
    and records.record_id = again.record_id
    and records.version = again.version
