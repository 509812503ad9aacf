-- Puts $records records into canonical.spend, of two sources and four
-- currencies, refunds among them.
insert into canonical.spend by name

select
    source || '-' || number as spend_id,
    source,
    source as kind,
    '517' as tenant,
    'expenses' as stream,
    number::varchar as record_id,
    1 as record_version,
    'page' as page_id,
    ['USD', 'EUR', 'JPY', 'KWD'][number % 4 + 1] as currency,
    'USD' as reporting_currency,
    'user' || number % 50 || '@example.com' as identifier,
    'expense' as type,
    'Vendor ' || number % 200 as vendor,
    'vendor ' || number % 200 as vendor_key,
    'Vendor ' || number % 200 as vendor_raw,
    'best_spelling' as vendor_rule,
    'Somebody "Quoted" \ ' || number as name,
    'IT Expense:Software & Web Services' as category,
    'Bought on purpose ' || number as description,
    currency as source_currency,
    'approved' as rule,
    case number % 10
        when 0 then -number
        else number * [1.01, 0.99, 1, 1.001][number % 4 + 1]
    end::decimal(18, 4) as amount,
    [2, 2, 0, 3][number % 4 + 1] as currency_exponent,
    amount as source_amount,
    false as vendor_fallback,
    date '2026-01-01' + (number % 300)::integer as occurred_on,
    occurred_on::timestamptz as occurred_at,
    occurred_at as first_seen_at,
    occurred_at as changed_at

from (

    select
        number,
        case when number % 3 = 0 then 'procurify' else 'productive' end as source

    from range(1, $records + 1) as numbers (number)

) as numbered
