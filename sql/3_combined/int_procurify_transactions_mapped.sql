-- Applies the rules for Procurify to each card transaction. The first matching
-- reason is the record's reason.
insert into staging.records_combined by name

with

transactions as (

    select
        transactions.*,
        settings.kind,
        settings.tenant,
        settings.amount_unit,
        currencies.currency,
        currencies.exponent,
        currencies.unit,
        cardholders.email,
        -- With a decimal point it is major units; zero is zero in any unit.
        case
            when amount_has_point
                or settings.amount_unit = 'major'
                or amount = 0
                then try_cast(abs(amount) as decimal(18, 4))
            when settings.amount_unit = 'minor'
                then try_cast(abs(amount) * currencies.unit as decimal(18, 4))
        end as size,
        status = 'refund'
        and type = 'spend'
        and not tombstone
        and fault is null as is_refund

    from staging.procurify__transactions as transactions

    inner join ops.sources as settings
        on transactions.source = settings.source

    left join staging.seed_currencies as currencies
        on currency_code(transactions.currency_text) = currencies.currency

    left join ops.cardholders as cardholders
        on transactions.source = cardholders.source
        and cardholders.cardholder_uuid
            = trim(transactions.cardholder_uuid, '{}')

),

-- A refund with the rarer sign of its source may reverse a refund.
refunds as (

    select
        source,
        count_if(amount > 0) as positive,
        count_if(amount < 0) as negative

    from transactions

    where is_refund

    group by source

),

judged as (

    select
        transactions.*,
        settings.reporting_timezone,
        case
            when tombstone then 'gone'
            when fault is not null then null
            when type = 'credit' then 'credit'
            when type = 'spend' and status = 'precapture' then 'hold'
            when type = 'spend'
                and status in ('capture', 'refund')
                and amount = 0
                then 'zero_amount'
        end as excluded_reason,
        case
            when fault is not null then split_part(fault, ': ', 1)
            when coalesce(type, '') != 'spend' then 'type_unknown'
            when coalesce(status, '') not in ('capture', 'refund')
                then 'status_unknown'
            when status = 'capture'
                and authorization_status in ('pending', 'reversed')
                then 'status_contradiction'
            when status = 'capture' and authorization_status != 'closed'
                then 'authorization_status_unknown'
            when amount_text is null then 'amount_missing'
            when amount is null then 'amount_unreadable'
            when currency_text is null then 'currency_missing'
            when currency is null then 'currency_unknown'
            when not amount_has_point and amount_unit is null
                then 'amount_unit_unknown'
            when size is null then 'amount_too_large'
            when size % unit != 0 then 'amount_too_precise'
            when is_refund
                and amount > 0
                and positive <= negative
                then 'refund_reversal?'
            when is_refund
                and amount < 0
                and negative <= positive
                then 'refund_reversal?'
            when datetime_text is null then 'date_missing'
            when spent_at is null then 'date_unreadable'
            when (spent_at at time zone 'UTC')::date < '1970-01-01'::date
                or (spent_at at time zone 'UTC')::date > settings.latest_on
                then 'date_implausible'
            when vendor_name is null then 'vendor_missing'
        end as quarantine_reason

    from transactions

    left join refunds
        using (source)

    cross join staging.setting_run as settings

    semi join dirty_slice as dirty
        using (source, stream, record_id)

    where transactions.first_seen_at
        between getvariable('first_seen_from') and getvariable('first_seen_to')

)

select

    ---------- ids
    'procurify-' || tenant || '-txn-' || record_id as spend_id,
    source,
    kind,
    tenant,
    stream,
    record_id,
    version as record_version,
    page_id,

    ---------- text
    currency,
    currency_text as source_currency,
    coalesce(
        email,
        'procurify:cardholder:' || cardholder_uuid,
        'procurify:unknown'
    ) as identifier,
    'spend' as type_value,
    vendor_name as vendor_raw,
    'descriptor' as vendor_origin,
    cardholder_name as name,
    coalesce(
        account_description, fund_account_description, vendor_category
    ) as category_raw,
    coalesce(note, fund_title) as description,
    department,
    reconciliation_status,
    linked_authorization,
    status as rule,
    excluded_reason,
    quarantine_reason,
    coalesce(
        substr(fault, strpos(fault, ': ') + 2),
        case quarantine_reason
            when 'type_unknown' then type
            when 'status_unknown' then status
            when 'status_contradiction'
                then status || ' but ' || authorization_status
            when 'authorization_status_unknown' then authorization_status
            when 'amount_unreadable' then amount_text
            when 'amount_unit_unknown'
                then concat(
                    'set sources.', source, '.amount_unit to major or minor'
                )
            when 'amount_too_large' then amount_text
            when 'amount_too_precise' then amount_text || ' ' || currency
            when 'refund_reversal?' then amount_text
            when 'currency_unknown' then currency_text
            when 'date_unreadable' then datetime_text
            when 'date_implausible' then datetime_text
        end
    ) as detail,

    ---------- numerics
    case status when 'refund' then -size else size end as amount,
    exponent as currency_exponent,
    amount as source_amount,

    ---------- booleans
    false as vendor_fallback,

    ---------- dates
    (spent_at at time zone reporting_timezone)::date as occurred_on,

    ---------- timestamps
    spent_at as occurred_at,
    first_seen_at,
    seen_at as changed_at

from judged
