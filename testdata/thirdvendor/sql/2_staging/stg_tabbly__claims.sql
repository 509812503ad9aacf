-- Tabbly claims, one row per claim as last seen.
merge into staging.tabbly__claims as known

using (

    with

    claims as (

        select
            *,
            from_json(payload, '{
                "day": "VARCHAR", "merchant": "VARCHAR", "cents": "VARCHAR",
                "currency": "VARCHAR", "who": "VARCHAR", "state": "VARCHAR"
            }') as claim

        from pending_payloads

        where kind = 'tabbly'
            and stream = 'claims'
            and newest

    )

    select
        source,
        stream,
        record_id,
        version,
        page_id,
        clean_text(claim.merchant) as merchant,
        nullif(trim(claim.currency), '') as currency_text,
        lower(clean_text(claim.who)) as identifier,
        claim.state,
        fault,
        minor_units(claim.cents) as cents,
        tombstone,
        plain_date(claim.day) as spent_on,
        first_seen_at,
        seen_at

    from claims

) as latest
    on known.source = latest.source
    and known.record_id = latest.record_id

when matched then
    update by name

when not matched then
    insert by name
