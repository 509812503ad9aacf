-- What of the state has to be written, sorted, so that each month is one
-- stretch of it. $months lists their first days.
create temporary table snapshot_spend as

select
    spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    record_version,
    page_id,
    currency,
    reporting_currency,
    fx_source,
    identifier,
    type,
    vendor,
    vendor_key,
    vendor_raw,
    vendor_rule,
    name,
    category,
    description,
    department,
    reconciliation_status,
    linked_authorization,
    source_currency,
    rule,
    amount,
    currency_exponent,
    amount_reporting,
    fx_rate,
    source_amount,
    vendor_fallback,
    reimbursable,
    occurred_on,
    fx_date,
    paid_on,
    occurred_at,
    approved_at,
    first_seen_at,
    changed_at,
    category_raw

from canonical.spend

where list_contains(
    string_split($months, ',')::date[],
    date_trunc('month', occurred_on)::date
)

order by occurred_on, occurred_at, spend_id
