-- Applies the rules for Productive.io to each expense. The first matching
-- reason is the record's reason.
insert into staging.records_combined by name

with

expenses as (

    select
        expenses.*,
        settings.kind,
        settings.tenant,
        settings.approved_only,
        settings.hidden_vendor,
        if(settings.amount_basis = 'net', net_text, gross_text) as amount_text,
        if(
            settings.amount_basis = 'net', net_amount, gross_amount
        ) as source_amount

    from staging.productive__expenses as expenses

    inner join ops.sources as settings
        using (source)

    semi join dirty_slice as dirty
        using (source, stream, record_id)

    where expenses.first_seen_at
        between getvariable('first_seen_from') and getvariable('first_seen_to')

),

described as (

    select
        expenses.*,
        currencies.currency,
        currencies.exponent,
        currencies.unit,
        people.email as person_email,
        people.full_name as person_name,
        creators.email as creator_email,
        companies.name as vendor_name,
        service_types.name as service_type_name,
        -- The vendor may store a currency with other decimals than it is
        -- printed with.
        try_cast(
            expenses.source_amount * coalesce(units.unit, currencies.unit)
            as decimal(18, 4)
        ) as amount

    from expenses

    left join staging.seed_currencies as currencies
        on currency_code(expenses.currency_text) = currencies.currency

    left join stored_units as units
        on expenses.source = units.source
        and currencies.currency = units.currency

    left join staging.productive__people as people
        on expenses.source = people.source
        and expenses.person_id = people.record_id

    left join staging.productive__people as creators
        on expenses.source = creators.source
        and expenses.creator_id = creators.record_id

    left join staging.productive__companies as companies
        on expenses.source = companies.source
        and expenses.vendor_id = companies.record_id

    left join staging.productive__service_types as service_types
        on expenses.source = service_types.source
        and expenses.service_type_id = service_types.record_id

),

judged as (

    select
        described.*,
        -- A vendor that is linked but not visible is not missing: the title
        -- replaces it only if the user says so.
        vendor_name is null
        and vendor_id is not null
        and hidden_vendor != 'title' as vendor_unknown,
        if(
            vendor_unknown, null, coalesce(vendor_name, name)
        ) as vendor_raw,
        case
            when tombstone then 'gone'
            when fault is not null then null
            when deleted_text is not null then 'deleted'
            when draft then 'draft'
            when rejected then 'rejected'
            when approved_only and not approved then 'not_approved'
            when source_amount = 0 then 'zero_amount'
        end as excluded_reason,
        case
            when fault is not null then split_part(fault, ': ', 1)
            when amount_text is null then 'amount_missing'
            when source_amount is null then 'amount_unreadable'
            when currency_text is null then 'currency_missing'
            when currency is null then 'currency_unknown'
            when amount is null then 'amount_too_large'
            when amount % unit != 0 then 'amount_too_precise'
            when date_text is null then 'date_missing'
            when spent_on is null then 'date_unreadable'
            when spent_on < '1970-01-01'::date
                or spent_on > settings.latest_on
                then 'date_implausible'
            when vendor_unknown then 'vendor_not_visible'
            when vendor_raw is null then 'vendor_missing'
        end as quarantine_reason

    from described

    cross join staging.setting_run as settings

)

select

    ---------- ids
    'productive-' || tenant || '-expense-' || record_id as spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    version as record_version,
    page_id,
    vendor_id,

    ---------- text
    currency,
    currency_text as source_currency,
    coalesce(
        person_email,
        'productive:person:' || person_id,
        creator_email,
        'productive:unknown'
    ) as identifier,
    if(purchase_order_id is null, 'expense', 'purchase_order') as type_value,
    if(purchase_order_id is null, null, 'expense') as type_fallback,
    vendor_raw,
    if(vendor_name is null, 'title', 'directory') as vendor_origin,
    person_name as name,
    service_type_name as category_raw,
    clean_text(concat_ws(' ', name, note)) as description,
    if(approved, 'approved', 'unapproved_allowed') as rule,
    excluded_reason,
    quarantine_reason,
    coalesce(
        substr(fault, strpos(fault, ': ') + 2),
        case quarantine_reason
            when 'amount_unreadable' then amount_text
            when 'amount_too_large' then amount_text
            when 'amount_too_precise' then amount_text || ' ' || currency
            when 'currency_unknown' then currency_text
            when 'date_unreadable' then date_text
            when 'date_implausible' then date_text
            when 'vendor_not_visible' then 'company ' || vendor_id
        end
    ) as detail,
    currency_default,
    currency_normalized,

    ---------- numerics
    amount,
    exponent as currency_exponent,
    source_amount,
    exchange_rate,
    exchange_rate_normalized,

    ---------- booleans
    vendor_name is null and vendor_raw is not null as vendor_fallback,
    reimbursable,

    ---------- dates
    spent_on as occurred_on,
    paid_on,

    ---------- timestamps
    spent_on::timestamp at time zone 'UTC' as occurred_at,
    approved_at,
    first_seen_at,
    seen_at as changed_at

from judged
