-- As record_split, for pages that answer for a single record: their data is
-- one object.
create or replace temp table record_incoming as

with

asked as (

    select unnest(
        from_json($pages, '[{
            "page_id": "VARCHAR", "file": "VARCHAR", "included": ["INTEGER"],
            "faults": [{
                "ordinal": "INTEGER", "record_id": "VARCHAR",
                "reason": "VARCHAR", "detail": "VARCHAR"
            }]
        }]'),
        max_depth := 2
    )

),

pages as (

    select
        pages.page_id,
        pages.stream,
        pages.window_from,
        pages.fetched_at,
        asked.file as filename,
        asked.included

    from raw.pages as pages

    inner join asked
        on pages.page_id = asked.page_id

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

-- Included objects repeat from page to page. Null asks for all of them.
chosen as (

    select
        pages.page_id,
        pages.stream,
        pages.window_from,
        pages.fetched_at,
        files.data,
        files.included,
        coalesce(pages.included, range(1, len(files.included) + 1)) as places

    from files

    inner join pages
        on files.filename = pages.filename

),

objects as (

    select
        page_id,
        stream,
        window_from,
        fetched_at,
        len(data) as records,
        unnest(
            range(1, len(data) + 1)
            || [len(data) + place for place in places]
        ) as ordinal,
        unnest(data || list_select(included, places)) as payload

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
