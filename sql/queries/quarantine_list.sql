select
    spend_id,
    reason,
    coalesce(detail, '') as detail,
    source,
    coalesce(source_amount::varchar, '') as source_amount,
    coalesce(source_currency, '') as source_currency,
    coalesce(vendor_raw, '') as vendor_raw,
    coalesce(occurred_on::varchar, '') as occurred_on,
    changed_at

from canonical.quarantine

order by reason, source, occurred_on, spend_id
