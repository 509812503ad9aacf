update canonical.spend

set
    amount = amount + 1,
    changed_at = timestamptz '2026-02-01 00:00:00Z'

where occurred_on = $day
