insert into canonical.spend by name

select
    -- All but what only decides whether a record is spend, and of what type.
    records.* exclude (
        vendor_id, vendor_origin, type_value, type_fallback,
        currency_default, currency_normalized,
        exchange_rate, exchange_rate_normalized,
        excluded_reason, quarantine_reason, detail
    ),

    ---------- text
    settings.reporting_currency,
    converted.fx_source,
    vendors.vendor,
    vendors.vendor_key,
    vendors.vendor_rule,
    coalesce(categories.category, records.category_raw) as category,

    ---------- numerics
    converted.amount_reporting,
    converted.fx_rate,

    ---------- dates
    converted.fx_date

from int_records_decided as records

cross join staging.setting_run as settings

inner join staging.vendor_names as vendors
    using (vendor_raw, vendor_origin)

left join int_categories_mapped as categories
    using (source, category_raw)

left join int_amounts_converted as converted
    using (spend_id)

where records.excluded_reason is null
    and records.quarantine_reason is null
