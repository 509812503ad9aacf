create table canonical.quarantine as

select
    spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    record_version,
    page_id,
    reason,
    detail,
    source_currency,
    vendor_raw,
    amount,
    currency,
    source_amount,
    occurred_on,
    first_seen_at,
    changed_at

from warehouse.canonical.quarantine
