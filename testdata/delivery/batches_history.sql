select * exclude (first_no, last_no, planned_at, sent_at, finished_at)

from delivery.batches

order by batch_id
