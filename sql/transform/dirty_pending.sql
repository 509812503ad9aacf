-- Every version of raw.records that is not staged yet; `newest` marks the last
-- one of each object.
create or replace temp table pending_versions as

with

versions as (

    select
        records.source,
        records.stream,
        records.record_id,
        records.version,
        records.page_id,
        records.ordinal,
        records.seen_at,
        staged.first_seen_at

    from raw.records as records

    left join staged_versions as staged
        on records.source = staged.source
        and records.stream = staged.stream
        and records.record_id = staged.record_id

    semi join typed_streams
        on records.source = typed_streams.source
        and records.stream = typed_streams.stream

    where records.version > coalesce(staged.version, 0)

),

objects as (

    select
        source,
        stream,
        record_id,
        max(version) as version,
        arg_min(seen_at, version) as first_seen_at

    from versions

    group by source, stream, record_id

)

select
    versions.source,
    versions.stream,
    versions.record_id,
    versions.version,
    versions.page_id,
    versions.ordinal,
    versions.seen_at,
    coalesce(
        versions.first_seen_at, objects.first_seen_at
    ) as first_seen_at,
    versions.version = objects.version as newest

from versions

inner join objects
    on versions.source = objects.source
    and versions.stream = objects.stream
    and versions.record_id = objects.record_id
