-- Productive.io companies, one row per company as last seen.
-- Renames and casts only: no joins to other objects, no business rules. A
-- name that a later version does not show is not gone: the last one stays.
merge into staging.productive__companies as known

using (
    select
        source,
        stream,
        record_id,
        max(version) as version,
        arg_max(
            clean_text(payload ->> '$.attributes.name'), version
        ) as name

    from pending_payloads

    where kind = 'productive'
        and stream = 'companies'

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
