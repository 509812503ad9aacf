-- Expenses as large as the vendor's, made of one real payload.
insert into raw.records by name

with

payloads as (

    select
        n::varchar as record_id,
        replace(replace(replace(replace(replace(
            $template,
            '@id', n::varchar),
            '@person', (n % 500)::varchar),
            '@vendor', (n % 3000)::varchar),
            '@day', strftime(date '2025-01-01' + (n % 365)::integer, '%Y-%m-%d')),
            '"@amount"', (1000 + (n * 7919) % 900000 + $version)::varchar
        )::json as payload

    from range($first::bigint, $last::bigint, $step::bigint) as numbers (n)

)

select
    'productive' as source,
    'expenses' as stream,
    record_id,
    $version as version,
    'page-1' as page_id,
    1 as ordinal,
    payload,
    md5(payload::varchar) as payload_hash,
    false as tombstone,
    timestamptz '2026-01-01 00:00:00+00' as seen_at

from payloads
