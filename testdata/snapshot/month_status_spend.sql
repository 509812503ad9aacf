-- One record in each of nine months of one source.
insert into canonical.spend by name

select
    'spend-' || month as spend_id,
    'procurify' as source,
    'procurify' as kind,
    'acme' as tenant,
    'transactions' as stream,
    'spend-' || month as record_id,
    1 as record_version,
    'page' as page_id,
    'USD' as currency,
    'USD' as reporting_currency,
    'ana@example.com' as identifier,
    'expense' as type,
    'Figma' as vendor,
    'figma' as vendor_key,
    'Figma' as vendor_raw,
    'best_spelling' as vendor_rule,
    'USD' as source_currency,
    'capture' as rule,
    1.00 as amount,
    2 as currency_exponent,
    1.00 as amount_reporting,
    1.00 as source_amount,
    false as vendor_fallback,
    make_date(2026, month, 28) as occurred_on,
    make_date(2026, month, 28)::timestamptz as occurred_at,
    timestamptz '2026-08-30 02:00:00Z' as first_seen_at,
    timestamptz '2026-08-30 02:00:00Z' as changed_at

from (values (1), (2), (3), (4), (5), (6), (7), (8)) as months (month)
