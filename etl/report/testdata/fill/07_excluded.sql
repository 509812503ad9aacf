insert into canonical.excluded (
    spend_id, source, kind, tenant, stream, record_id, record_version,
    page_id, reason, detail, source_currency, vendor_raw, source_amount,
    occurred_on, first_seen_at, changed_at
)

select
    'productive-517-expense-' || 9000 + n,
    'productive',
    'productive',
    '517',
    'expenses',
    (9000 + n)::varchar,
    1,
    'page-2',
    ['draft', 'not_approved', 'rejected', 'rule:mileage'][1 + n % 4],
    null,
    ['USD', 'EUR'][1 + n % 2],
    'Somebody',
    1250 + n,
    date '2026-10-01',
    '2026-11-18T02:00:00Z',
    '2026-11-18T02:00:00Z'

from (select unnest(range(0, 61)) as n)
