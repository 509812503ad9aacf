-- One difference to what Productiv holds that a person signed for. Another
-- difference of the same record is open again.
create table if not exists delivery.dismissals (
    decision_id varchar not null,
    spend_id varchar not null,
    difference varchar not null          -- as in delivery.differences
)
