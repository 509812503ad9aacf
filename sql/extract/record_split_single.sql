-- As record_split, for pages that answer for a single record: their data is
-- one object.
create or replace temp table record_incoming as

with

asked as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "file": "VARCHAR", "stream": "VARCHAR",
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

    select
        filename,
        [data] as data,
        coalesce(included, []) as included

    from read_json(
        $files,
        format = 'unstructured',
        compression = 'zstd',
        columns = {data: 'JSON', included: 'JSON[]'},
        filename = true,
        maximum_object_size = $max_bytes
    )

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
        on files.filename = asked.file

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
        json_extract_string(payload, [
            '$.id',
            '$.type',
            '$.attributes.date',
            '$.attributes.draft',
            '$.attributes.approved',
            '$.transaction_datetime',
            '$.authorization_datetime'
        ]) as fields

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
        when is_record
            and stream = 'expenses'
            and record_id not like 'no-id:%'
            then fields[4] = 'true' or fields[5] = 'false'
    end as unsettled,

    ---------- dates
    case
        when is_record and stream = 'expenses'
            then coalesce(plain_date(fields[3]), window_from)
        when is_record
            then coalesce(
                (
                    coalesce(instant(fields[6]), instant(fields[7]))
                    at time zone 'UTC'
                )::date,
                window_from
            )
    end as filed_on,

    ---------- timestamps
    fetched_at

from judged
