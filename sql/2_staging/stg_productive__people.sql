-- Productive.io people, one row per person as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
merge into staging.productive__people as known

using (

    with

    people as (

        select
            records.source,
            records.stream,
            records.record_id,
            records.version,
            from_json(records.payload, '{
                "attributes": {
                    "email": "VARCHAR", "first_name": "VARCHAR",
                    "last_name": "VARCHAR"
                }
            }') as person

        from raw.records as records

        inner join pending_versions
            on records.source = pending_versions.source
            and records.stream = pending_versions.stream
            and records.record_id = pending_versions.record_id
            and records.version = pending_versions.version

        where records.stream = 'people'
            and pending_versions.newest

    )

    select

        ---------- ids
        source,
        stream,
        record_id,
        version,

        ---------- text
        lower(clean_text(person.attributes.email)) as email,
        clean_text(concat_ws(
            ' ', person.attributes.first_name, person.attributes.last_name
        )) as full_name

    from people

) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
