-- The largest records that wait for somebody, as far as a page has room.
select
    spend_id,
    class,
    coalesce(vendor, '') as vendor,
    coalesce(occurred_on::varchar, '') as occurred_on,
    coalesce(currency, '') as currency,
    coalesce(amount::varchar, '') as amount,
    coalesce(reason, '') as reason,
    since,
    coalesce(command, '') as command

from delivery.undelivered

where not settled
    and class not in ('pending', 'not_due', 'touched', 'quarantined')

order by abs(coalesce(amount, 0)) desc, spend_id

limit $limit
