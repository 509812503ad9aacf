insert into canonical.excluded by name

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
    excluded_reason as reason,
    detail,
    source_currency,
    vendor_raw,

    ---------- numerics
    source_amount,

    ---------- dates
    occurred_on,

    ---------- timestamps
    first_seen_at,
    changed_at

from int_records_decided

where excluded_reason is not null
