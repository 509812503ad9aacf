-- Batches whose outcome is not known. Those that are sending belong to a
-- program that has ended in between.
select
    batch_id,
    target,
    record_schema,
    records,
    first_no,
    last_no,
    attempt,
    coalesce(parent_batch_id, '') as parent,
    state,
    doubtful

from delivery.batches

where state in ('sending', 'unknown', 'pending')

order by batch_id
