-- Productive.io companies, one row per company as last seen.
-- Renames and casts only: no joins to other objects, no business rules. A
-- name that a later version does not show is not gone: the last one stays.
merge into staging.productive__companies as known

using (

    with

    companies as (

        select
            records.source,
            records.stream,
            records.record_id,
            records.version,
            from_json(records.payload, '{
                "attributes": {"name": "VARCHAR"}
            }') as company

        from raw.records as records

        inner join pending_versions
            on records.source = pending_versions.source
            and records.stream = pending_versions.stream
            and records.record_id = pending_versions.record_id
            and records.version = pending_versions.version

        where records.stream = 'companies'

    )

    select

        ---------- ids
        source,
        stream,
        record_id,
        max(version) as version,

        ---------- text
        arg_max(clean_text(company.attributes.name), version) as name

    from companies

    group by source, stream, record_id

) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update set
        version = latest.version,
        name = coalesce(latest.name, known.name)

when not matched then
    insert by name
