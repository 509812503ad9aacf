-- One record in quarantine in March, and one that has no day.
insert into canonical.quarantine by name

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
    ('odd', 'currency_unknown', date '2026-03-31'),
    ('undated', 'date_missing', null::date)
) as records (record_id, reason, occurred_on)
