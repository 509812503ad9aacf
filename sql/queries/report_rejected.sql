-- Records that Productiv refused, as of their newest attempt.
with

newest as (

    select
        target,
        key,
        max(attempt) as attempt

    from delivery.items

    group by target, key

)

select
    items.spend_id,
    coalesce(items.batch_id, '') as batch_id,
    items.currency,
    items.amount::varchar as amount,
    coalesce(items.message, '') as message

from delivery.items as items

inner join newest
    on items.target = newest.target
    and items.key = newest.key
    and items.attempt = newest.attempt

where items.state = 'rejected'

order by items.updated_at desc, items.spend_id

limit $limit
