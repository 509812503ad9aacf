-- The batches of a run, and those of any run that wait for a person.
select
    batch_id,
    run_id,
    target,
    state,
    records,
    coalesce(status, 0) as status,
    coalesce(message, '') as message,
    planned_at

from delivery.batches

where run_id = $run_id
    or state = 'unknown'

order by planned_at, batch_id
