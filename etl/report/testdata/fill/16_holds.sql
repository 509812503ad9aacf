insert into delivery.holds by name

select
    '20261120T030000Z-cccccc' as run_id,
    'public-api.productiv.com/app-1' as target,
    spend_id as key,
    spend_id,
    source,
    'hold_changes_above' as gate,
    'changed' as class,
    'resend' as kind,
    '{}' as payload,
    'ab' as payload_hash,
    currency,
    amount,
    timestamptz '2026-11-20 03:01:00+00' as held_at

from canonical.spend

limit 7
