-- ops.notifications: the messages to the webhook.

-- name: told
-- The last message.
select
    status,
    subject

from ops.notifications

order by run_id desc, told_at desc

limit 1;

-- name: tell
insert into ops.notifications (run_id, status, subject, told_at)
values ($run_id, $status, $subject, $told_at);
