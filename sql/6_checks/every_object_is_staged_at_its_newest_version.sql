-- Offenders: objects whose typed row is missing or of another version.
select
    source,
    stream,
    record_id,
    newest.version as newest_version,
    staged.version as staged_version

from (
    from raw.newest_records semi join typed_streams using (source, stream)
) as newest

full join staged_versions as staged
    using (source, stream, record_id)

where newest.version is distinct from staged.version
