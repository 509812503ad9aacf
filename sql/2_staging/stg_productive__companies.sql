-- Productive.io companies, one row per company as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
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
            and pending_versions.newest

    )

    select

        ---------- ids
        source,
        stream,
        record_id,
        version,

        ---------- text
        clean_text(company.attributes.name) as name

    from companies

) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
