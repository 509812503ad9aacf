-- A person's word to send a batch again is good for one time.
update delivery.batches

set
    state = 'sending',
    attempt = attempt + 1,
    decision_id = null,
    sent_at = $at::timestamptz,
    finished_at = null

where batch_id = $batch_id
