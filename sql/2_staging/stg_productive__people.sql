-- Productive.io people, one row per person as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
merge into staging.productive__people as known

using (
    select
        source,
        stream,
        record_id,
        version,
        lower(clean_text(payload ->> '$.attributes.email')) as email,
        clean_text(concat_ws(
            ' ',
            payload ->> '$.attributes.first_name',
            payload ->> '$.attributes.last_name'
        )) as full_name

    from pending_payloads

    where kind = 'productive'
        and stream = 'people'
        and newest
) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
