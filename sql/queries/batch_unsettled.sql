-- Batches in doubt, with whether a person asked to send them again and whether
-- Productiv refused them when they were.
select
    batches.batch_id,
    batches.target,
    batches.record_schema,
    batches.records,
    batches.first_no,
    batches.last_no,
    batches.attempt,
    coalesce(batches.parent_batch_id, '') as parent,
    coalesce(settlements.decision = 'resend', false) as resend,
    coalesce(batches.status in (413, 422), false) as refused

from delivery.batches as batches

left join delivery.decisions as settlements
    on batches.decision_id = settlements.decision_id

where batches.state = 'unknown'

order by batches.batch_id
