-- Offenders: objects whose typed row is missing or of another version.
with

newest as (

    select
        source,
        stream,
        record_id,
        max(version) as version

    from raw.records

    where stream in (select stream from staging.seed_streams)

    group by source, stream, record_id

)

select
    coalesce(newest.source, staged.source) as source,
    coalesce(newest.stream, staged.stream) as stream,
    coalesce(newest.record_id, staged.record_id) as record_id,
    newest.version as newest_version,
    staged.version as staged_version

from newest

full join staging.staged_versions as staged
    on newest.source = staged.source
    and newest.stream = staged.stream
    and newest.record_id = staged.record_id

where newest.version is distinct from staged.version
