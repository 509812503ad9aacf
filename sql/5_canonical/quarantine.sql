insert into canonical.quarantine by name

select

    ---------- ids
    spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    record_version,
    page_id,

    ---------- text
    quarantine_reason as reason,
    detail,
    currency,
    source_currency,
    vendor_raw,

    ---------- numerics
    amount,
    source_amount,

    ---------- dates
    occurred_on,

    ---------- timestamps
    first_seen_at,
    changed_at

from int_records_decided

where quarantine_reason is not null
