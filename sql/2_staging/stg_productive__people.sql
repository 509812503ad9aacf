-- Productive.io people, one row per person as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
merge into staging.productive__people as known

using (

    with

    people as (

        select
            source,
            stream,
            record_id,
            version,
            from_json(payload, '{
                "attributes": {
                    "email": "VARCHAR", "first_name": "VARCHAR",
                    "last_name": "VARCHAR"
                }
            }') as person

        from pending_payloads

        where kind = 'productive'
            and stream = 'people'
            and newest

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
