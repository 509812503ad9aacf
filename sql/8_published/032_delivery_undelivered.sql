create table delivery.undelivered as

select
    spend_id,
    source,
    target,
    class,
    currency,
    amount,
    vendor,
    occurred_on,
    month,
    reason,
    since,
    since_run_id,
    needs_attention,
    settled,
    reversed,
    batch_id,
    command

from warehouse.delivery.undelivered
