-- Every version of raw.records that is not staged yet, with when its object was
-- seen first; `newest` marks the last one of each object.
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
        using (source, stream, record_id)

    semi join typed_streams
        using (source, stream)

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
    versions.* replace (
        coalesce(versions.first_seen_at, objects.first_seen_at) as first_seen_at
    ),
    versions.version = objects.version as newest

from versions

inner join objects
    using (source, stream, record_id)
