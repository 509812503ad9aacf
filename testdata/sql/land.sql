-- Lands one page as extract does: a version per object that differs from the
-- newest one. `faults` lists what extract would find wrong with its objects.
insert into raw.records by name

with

body as (select $body::json as body),

found as (

    select
        unnest(from_json(body -> '$.data', '["JSON"]')) as payload,
        generate_subscripts(from_json(body -> '$.data', '["JSON"]'), 1) as ordinal,

    from body

    union all

    select
        unnest(from_json(body -> '$.included', '["JSON"]')) as payload,
        1000 + generate_subscripts(from_json(body -> '$.included', '["JSON"]'), 1) as ordinal

    from body

),

faults as (

    select unnest(
        from_json(body -> '$.faults', '[{
            "ordinal": "INTEGER", "record_id": "VARCHAR", "stream": "VARCHAR",
            "fault": "VARCHAR"
        }]'),
        recursive := true
    )

    from body

),

objects as (

    select
        coalesce(faults.stream, if(
            json_exists(found.payload, '$.attributes'),
            found.payload ->> '$.type', 'transactions'
        )) as stream,
        coalesce(faults.record_id, found.payload ->> '$.id') as record_id,
        found.ordinal,
        found.payload,
        md5(found.payload::varchar) as payload_hash,
        faults.fault

    from found

    left join faults
        on found.ordinal = faults.ordinal

),

newest as (

    select
        stream,
        record_id,
        max(version) as version,
        arg_max(payload_hash, version) as payload_hash,
        arg_max(tombstone, version) as tombstone

    from raw.records

    where source = $source

    group by stream, record_id

)

select
    $source as source,
    objects.stream,
    objects.record_id,
    coalesce(newest.version, 0) + 1 as version,
    $page_id as page_id,
    objects.ordinal,
    objects.payload,
    objects.payload_hash,
    objects.fault,
    false as tombstone,
    $seen_at::timestamptz as seen_at

from objects

left join newest
    on objects.stream = newest.stream
    and objects.record_id = newest.record_id

where newest.payload_hash is null
    or newest.payload_hash != objects.payload_hash
    or newest.tombstone
