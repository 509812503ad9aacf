-- What the webhook was told last.
select
    status,
    subject

from ops.notifications

order by told_at desc

limit 1
