create table delivery.batches as

select * exclude (decision_id, file, first_no, last_no, doubtful, worker)

from warehouse.delivery.batches
