-- Adds the versions whose payload or fault differs from the one before, in the
-- order of the pages: how pages are grouped for landing does not matter.
insert into raw.records by name

with

-- Keys only: payloads are long, and most are stored already.
shown as (

    select
        rowid as place,
        stream,
        record_id,
        concat(payload_hash, fault) as look,
        lag(look) over shown_before as previous_look,
        row_number() over shown_before as nth

    from record_incoming

    where record_id is not null
        and stream is not null

    window shown_before as (
        partition by stream, record_id
        order by page_id, ordinal
    )

),

stored as (

    select
        records.stream,
        records.record_id,
        max(records.version) as version,
        arg_max(
            concat(records.payload_hash, records.fault), records.version
        ) as look,
        arg_max(records.tombstone, records.version) as tombstone

    from raw.records as records

    semi join shown
        on records.stream = shown.stream
        and records.record_id = shown.record_id

    where records.source = $source

    group by
        records.stream,
        records.record_id

),

changed as (

    select
        shown.place,
        coalesce(stored.version, 0) + row_number() over (
            partition by shown.stream, shown.record_id
            order by shown.nth
        ) as version

    from shown

    left join stored
        on shown.stream = stored.stream
        and shown.record_id = stored.record_id

    where case
        when shown.nth > 1 then shown.look != shown.previous_look
        when stored.look is null or stored.tombstone then true
        else shown.look != stored.look
    end

)

select
    incoming.* exclude (records, is_record, fetched_at),
    incoming.fetched_at as seen_at,
    $source as source,
    changed.version,
    false as tombstone

from record_incoming as incoming

inner join changed
    on incoming.rowid = changed.place
