-- Updates the look of objects that the vendor writes differently although their
-- payload is the same. If the page of a version is lost, the new one replaces
-- it.
update raw.records

set
    verbatim_hash = again.verbatim_hash,
    page_id = again.page_id,
    ordinal = again.ordinal

from (

    with

    -- Most of the objects have just become a version.
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

    )

    select
        incoming.stream,
        incoming.record_id,
        coalesce(incoming.verbatim_hash, stored.verbatim_hash) as verbatim_hash,
        case when lost.page_id is null then stored.page_id
            else incoming.page_id end as page_id,
        case when lost.page_id is null then stored.ordinal
            else incoming.ordinal end as ordinal,
        stored.version

    from record_incoming as incoming

    semi join shown
        on incoming.stream = shown.stream
        and incoming.record_id = shown.record_id
        and (incoming.page_id, incoming.ordinal) = shown.place

    inner join raw.records as stored
        on stored.source = $source
        and incoming.stream = stored.stream
        and incoming.record_id = stored.record_id

    anti join raw.records as later
        on later.source = $source
        and stored.stream = later.stream
        and stored.record_id = later.record_id
        and stored.version + 1 = later.version
        and later.version > 1    -- few rows to look up in

    left join raw.pages as lost
        on stored.page_id = lost.page_id
        and lost.lost

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
