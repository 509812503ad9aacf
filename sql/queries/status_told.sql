-- What the webhook was told last.
select
    status,
    subject

from ops.notifications

order by run_id desc, told_at desc

limit 1
