-- What the rules for Tabbly make of each claim.
insert into staging.records_combined by name

with

claims as (

    select
        claims.*,
        sources.kind,
        sources.tenant,
        currencies.currency,
        currencies.exponent,
        try_cast(claims.cents * currencies.unit as decimal(18, 4)) as amount

    from staging.tabbly__claims as claims

    inner join ops.sources as sources
        on claims.source = sources.source

    semi join dirty_slice as dirty
        on claims.source = dirty.source
        and claims.stream = dirty.stream
        and claims.record_id = dirty.record_id

    left join staging.seed_currencies as currencies
        on currency_code(claims.currency_text) = currencies.currency

)

select
    'tabbly-' || tenant || '-claim-' || record_id as spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    version as record_version,
    page_id,
    currency,
    currency_text as source_currency,
    coalesce(identifier, 'tabbly:unknown') as identifier,
    'claim' as type_value,
    merchant as vendor_raw,
    'descriptor' as vendor_origin,
    state as rule,
    case
        when tombstone then 'gone'
        when fault is not null then null
        when state != 'paid' then 'not_paid'
    end as excluded_reason,
    case
        when fault is not null then split_part(fault, ': ', 1)
        when amount is null then 'amount_unreadable'
        when spent_on is null then 'date_unreadable'
        when merchant is null then 'vendor_missing'
    end as quarantine_reason,
    amount,
    exponent as currency_exponent,
    cents as source_amount,
    false as vendor_fallback,
    spent_on as occurred_on,
    spent_on::timestamp at time zone 'UTC' as occurred_at,
    first_seen_at,
    seen_at as changed_at

from claims
