create table delivery.batches as

select
    batch_id,
    parent_batch_id,
    run_id,
    target,
    app_id,
    record_schema,
    state,
    sha256,
    message,
    request_id,
    attempt,
    records,
    status,
    planned_at,
    sent_at,
    finished_at

from warehouse.delivery.batches
