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

-- name: undelivered
-- What Productiv does not hold as canonical has it and nobody has settled, by
-- source.
select
    source,
    class,
    currency,
    count(*) as records,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (amount is null) as unreadable

from delivery.undelivered

where not settled
    and class not in ('touched', 'not_due')

group by all

order by source, class, currency;
