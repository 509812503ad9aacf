-- One row per object on the given pages that is to be looked at: the records
-- asked for, then what was included with them. A file that several of the pages
-- name counts for each of them. The macros of the stream say how to date it.
create or replace temp table record_incoming as

with

asked as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "path": "VARCHAR", "stream": "VARCHAR",
            "window_from": "VARCHAR", "fetched_at": "VARCHAR",
            "ordinals": ["INTEGER"], "looks": ["UBIGINT"],
            "faults": [{
                "ordinal": "INTEGER", "record_id": "VARCHAR",
                "reason": "VARCHAR", "detail": "VARCHAR"
            }]
        }]'),
        max_depth := 2
    )

),

-- What the extraction found wrong with single objects.
faults as (

    select
        page_id,
        unnest(faults, max_depth := 2)

    from asked

),

files as (

    select * from page_objects($files, $max_bytes)

),

-- Without ordinals all objects are asked for.
chosen as (

    select
        asked.page_id,
        asked.stream,
        asked.window_from::date as window_from,
        asked.fetched_at::timestamptz as fetched_at,
        asked.looks,
        len(files.data) as records,
        files.data || files.included as objects,
        coalesce(asked.ordinals, range(1, len(objects) + 1)) as ordinals

    from files

    inner join asked
        on files.filename = asked.path

),

objects as (

    select
        page_id,
        stream,
        window_from,
        fetched_at,
        records,
        unnest(ordinals) as ordinal,
        unnest(list_select(objects, ordinals)) as payload,
        unnest(looks) as look

    from chosen

),

parsed as (

    select
        *,
        ordinal <= records as is_record,
        record_fields(payload) as fields

    from objects

),

-- An included object with a fault is left out: the one known before counts.
judged as (

    select
        parsed.*,
        faults.record_id as known_id,
        faults.reason,
        faults.detail

    from parsed

    left join faults
        on parsed.page_id = faults.page_id
        and parsed.ordinal = faults.ordinal

    where faults.reason is null
        or parsed.is_record

)

select

    ---------- ids
    page_id,
    ordinal,
    case when is_record then stream else fields[2] end as stream,
    coalesce(known_id, fields[1]) as record_id,

    ---------- text
    payload,
    md5(payload::varchar) as payload_hash,
    reason || ': ' || detail as fault,

    ---------- numerics
    records,
    look as verbatim_hash,

    ---------- booleans
    is_record,
    case
        when is_record and record_id not like 'no-id:%'
            then is_unsettled(fields)
    end as unsettled,

    ---------- dates
    case
        when is_record then coalesce(filed_on(fields), window_from)
    end as filed_on,

    ---------- timestamps
    fetched_at

from judged
