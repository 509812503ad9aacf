-- What may still become spend: a draft, an expense that is not approved, a hold
-- that has lapsed and one that has not; and what never will.
insert into canonical.excluded by name

select
    record_id as spend_id,
    'procurify' as source,
    'procurify' as kind,
    'acme' as tenant,
    'transactions' as stream,
    record_id,
    1 as record_version,
    'page' as page_id,
    reason,
    occurred_on,
    timestamptz '2026-08-30 02:00:00Z' as first_seen_at,
    timestamptz '2026-08-30 02:00:00Z' as changed_at

from (
    values
    ('draft', 'draft', date '2026-02-01'),
    ('filed', 'not_approved', date '2026-02-28'),
    ('lapsed', 'hold', date '2026-07-31'),
    ('on card', 'hold', date '2026-08-02'),
    ('rejected', 'rejected', date '2026-01-05'),
    ('gone', 'gone', null::date)
) as records (record_id, reason, occurred_on)
