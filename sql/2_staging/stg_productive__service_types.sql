-- Productive.io service types, one row per service type as last seen.
-- Renames and casts only: no joins to other objects, no business rules.
merge into staging.productive__service_types as known

using (
    select
        source,
        stream,
        record_id,
        version,
        clean_text(payload ->> '$.attributes.name') as name

    from pending_payloads

    where kind = 'productive'
        and stream = 'service_types'
        and newest
) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
