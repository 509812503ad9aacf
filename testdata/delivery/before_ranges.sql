select batch_id

from delivery.batches

where batch_id like 'run-00002%'
    and state != 'split'
    and last_no - first_no + 1 = records

order by batch_id
