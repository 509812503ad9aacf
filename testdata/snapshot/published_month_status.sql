select
    strftime(month, '%Y-%m') as month,
    status,
    records,
    drafts,
    holds,
    quarantined,
    vanished,
    strftime(last_read_at at time zone 'UTC', '%d %b %H:%M') as last_read,
    strftime(last_sweep_at at time zone 'UTC', '%d %b %H:%M') as last_sweep

from month_status

order by month
