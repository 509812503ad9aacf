-- Each half of a batch has the ledger numbers of its own items from now on.
update delivery.batches

set
    first_no = items.first_no,
    last_no = items.last_no

from (

    select
        batch_id,
        min(ledger_no) as first_no,
        max(ledger_no) as last_no

    from delivery.items

    where batch_id is not null

    group by batch_id

) as items

where batches.batch_id = items.batch_id
    and (batches.first_no, batches.last_no)
        is distinct from (items.first_no, items.last_no)
