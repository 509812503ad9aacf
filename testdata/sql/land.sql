-- Lands one page as extract does: a version per object that differs from the
-- newest one.
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

objects as (

    select
        if(
            json_exists(payload, '$.attributes'),
            payload ->> '$.type', 'transactions'
        ) as stream,
        payload ->> '$.id' as record_id,
        ordinal,
        payload,
        md5(payload::varchar) as payload_hash

    from found

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
    false as tombstone,
    $seen_at::timestamptz as seen_at

from objects

left join newest
    on objects.stream = newest.stream
    and objects.record_id = newest.record_id

where newest.payload_hash is null
    or newest.payload_hash != objects.payload_hash
    or newest.tombstone
