-- As the ledger is while this worker sends.
update delivery.batches

set
    state = 'sending',
    finished_at = null,
    status = null,
    worker = (select worker from ops.lease)
