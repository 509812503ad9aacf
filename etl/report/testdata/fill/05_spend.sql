-- Two years of invented spend. Months and vendors differ in size, so that a
-- chart that ignores its data is seen.
insert into canonical.spend (
    spend_id, source, kind, tenant, stream, record_id, record_version,
    page_id, currency, reporting_currency, fx_source, identifier, type,
    vendor, vendor_key, vendor_raw, vendor_rule, name, category,
    description, department, reconciliation_status, linked_authorization,
    source_currency, rule, amount, currency_exponent, amount_reporting,
    fx_rate, source_amount, vendor_fallback, reimbursable, occurred_on,
    fx_date, paid_on, occurred_at, approved_at, first_seen_at, changed_at
)

with

numbers as (

    select unnest(range(1, 4401))::integer as n

),

shaped as (

    select
        n,
        n % 3 = 0 as card,
        date '2024-12-03' + ((n * 7919) % 712)::integer as occurred_on,
        ['USD', 'USD', 'USD', 'EUR', 'EUR', 'GBP', 'JPY', 'CHF'][1 + (n * 31) % 8] as currency,
        1 + least((n * n) % 41, (n * 13) % 29) as vendor_number,
        ((n * 6151) % 97003 + 900)::bigint as cents

    from numbers

)

select
    case when card then 'procurify-acme-txn-' else 'productive-517-expense-' end || n,
    case when card then 'procurify' else 'productive' end,
    case when card then 'procurify' else 'productive' end,
    case when card then 'acme' else '517' end,
    case when card then 'transactions' else 'expenses' end,
    n::varchar,
    1,
    'page-1',
    currency,
    'USD',
    case currency when 'USD' then 'same' when 'CHF' then null when 'JPY' then 'vendor' else 'ecb' end,
    'person' || n % 60 || '@example.com',
    'expense',
    ['Amazon Web Services', 'Figma', 'Hetzner Online', 'Slack Technologies', 'Notion Labs', 'WeWork', 'Deutsche Bahn',
        'Uber', 'Hotel Adlon', 'Atlassian', 'GitHub', 'Zoom', 'Papierfabrik Übersee', 'Lufthansa'][1 + vendor_number % 14],
    'vendor' || vendor_number,
    'Vendor ' || vendor_number,
    'best_spelling',
    'Example Person',
    'Software',
    null,
    null,
    null,
    null,
    currency,
    case when card then 'capture' else 'approved' end,
    case
        when currency = 'JPY' then cents
        when n % 40 = 0 then -(cents * 0.01)::decimal(18, 4)
        else (cents * 0.01)::decimal(18, 4)
    end,
    case currency when 'JPY' then 0 else 2 end,
    case currency
        when 'CHF' then null
        when 'JPY' then (cents * 0.0064)::decimal(18, 2)
        else ((case when n % 40 = 0 then -cents else cents end) * 0.01)::decimal(18, 2)
    end,
    case currency when 'USD' then 1 when 'CHF' then null when 'JPY' then 0.0064 when 'EUR' then 1.0831 + (n % 7) * 0.001 else 1.2712 end,
    case
        when card then abs((case when currency = 'JPY' then cents else cents * 0.01 end)::decimal(38, 4))
        else cents * case when n % 40 = 0 and currency != 'JPY' then -1 else 1 end
    end,
    false,
    null,
    occurred_on,
    case when currency in ('EUR', 'GBP', 'JPY') then occurred_on end,
    null,
    (occurred_on::varchar || 'T00:00:00Z')::timestamptz,
    null,
    '2026-11-18T02:00:00Z',
    '2026-11-18T02:00:00Z'

from shaped
