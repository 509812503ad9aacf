-- The money in the batches that report_batches lists.
select
    items.batch_id,
    items.currency,
    sum(items.amount)::decimal(38, 4)::varchar as amount

from delivery.items as items

inner join delivery.batches as batches
    on items.batch_id = batches.batch_id

where batches.run_id = $run_id
    or batches.state = 'unknown'

group by items.batch_id, items.currency

order by items.batch_id, items.currency
