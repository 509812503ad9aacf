-- $records made-up spend records from two sources over $days days: several
-- currencies, refunds, nulls, and one vendor with a comma, a quote, a line
-- break and a letter outside ASCII.
insert into canonical.spend by name

select
    'productive-517-expense-' || n as spend_id,
    if(n % 3 = 0, 'procurify', 'productive') as source,
    if(n % 3 = 0, 'procurify', 'productive') as kind,
    if(n % 3 = 0, 'acme', '517') as tenant,
    if(n % 3 = 0, 'transactions', 'expenses') as stream,
    n::varchar as record_id,
    1 + n % 2 as record_version,
    'page-' || n // 200 as page_id,
    ['EUR', 'USD', 'JPY', 'KWD'][1 + n % 4] as currency,
    'USD' as reporting_currency,
    ['ecb', 'same', null, 'ecb'][1 + n % 4] as fx_source,
    'person' || n % 50 || '@example.com' as identifier,
    if(n % 11 = 0, 'invoice', 'expense') as type,
    'Vendor ' || n % 97 as vendor,
    'vendor ' || n % 97 as vendor_key,
    if(
        n % 97 = 0,
        'Čä, "quoted"' || chr(10) || 'GmbH',
        'VENDOR ' || n % 97
    ) as vendor_raw,
    'best_spelling' as vendor_rule,
    if(n % 7 = 0, null, 'Person ' || n % 50) as name,
    'Category ' || n % 9 as category,
    'Record ' || n as description,
    if(n % 3 = 0, 'Sales', null) as department,
    if(n % 3 = 0, 'pending', null) as reconciliation_status,
    null::varchar as linked_authorization,
    ['eur', 'USD', 'JPY', 'KWD'][1 + n % 4] as source_currency,
    if(n % 13 = 0, 'refund', 'capture') as rule,
    (n * 7919 % 100003 - 9000)::bigint::decimal(18, 4)
    * 0.0100::decimal(5, 4) as amount,
    [2, 2, 0, 3][1 + n % 4] as currency_exponent,
    if(n % 4 = 2, null, n::bigint::decimal(18, 4)) as amount_reporting,
    if(n % 4 = 2, null, 1.234567890123::decimal(20, 12)) as fx_rate,
    (n - 9)::bigint::decimal(38, 4) as source_amount,
    n % 17 = 0 as vendor_fallback,
    if(n % 3 = 0, null, n % 2 = 0) as reimbursable,
    date '2024-11-30' + (n * 37 % $days)::integer as occurred_on,
    if(n % 4 = 2, null, date '2024-11-29') as fx_date,
    null::date as paid_on,
    timestamptz '2024-11-30 00:00:00Z'
    + to_days((n * 37 % $days)::integer)
    + to_milliseconds(n * 7 % 86400000) as occurred_at,
    if(n % 5 = 0, null, timestamptz '2026-01-01 12:34:56.789012Z')
        as approved_at,
    timestamptz '2026-01-02 00:00:00Z' as first_seen_at,
    timestamptz '2026-01-03 00:00:00Z' as changed_at

from range($records::bigint) as numbers (n)
