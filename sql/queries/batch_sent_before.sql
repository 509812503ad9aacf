-- Batches before another one whose payload lies in a sent file.
select batch_id

from delivery.batches

where first_no < $first_no
    and attempt > 0
    and state in ('accepted', 'rejected', 'unknown', 'split')
