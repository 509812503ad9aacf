insert into canonical.spend by name

select

    ---------- ids
    records.spend_id,
    records.source,
    records.kind,
    records.tenant,
    records.stream,
    records.record_id,
    records.record_version,
    records.page_id,

    ---------- text
    records.currency,
    settings.reporting_currency,
    converted.fx_source,
    records.identifier,
    records.type,
    vendors.vendor,
    vendors.vendor_key,
    records.vendor_raw,
    vendors.vendor_rule,
    records.name,
    coalesce(categories.category, records.category_raw) as category,
    records.category_raw,
    records.description,
    records.department,
    records.reconciliation_status,
    records.linked_authorization,
    records.source_currency,
    records.rule,

    ---------- numerics
    records.amount,
    records.currency_exponent,
    converted.amount_reporting,
    converted.fx_rate,
    records.source_amount,

    ---------- booleans
    records.vendor_fallback,
    records.reimbursable,

    ---------- dates
    records.occurred_on,
    converted.fx_date,
    records.paid_on,

    ---------- timestamps
    records.occurred_at,
    records.approved_at,
    records.first_seen_at,
    records.changed_at

from int_records_decided as records

cross join staging.setting_run as settings

inner join staging.vendor_names as vendors
    on records.vendor_raw = vendors.vendor_raw
    and records.vendor_origin = vendors.vendor_origin

left join int_categories_mapped as categories
    on records.source = categories.source
    and records.category_raw = categories.category_raw

left join int_amounts_converted as converted
    on records.spend_id = converted.spend_id

where records.excluded_reason is null
    and records.quarantine_reason is null
