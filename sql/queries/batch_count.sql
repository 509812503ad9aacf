-- Batches that a run has numbered so far, halves under their parent's number.
select
    coalesce(
        max(regexp_extract(batch_id, '-([0-9]+)[ab]*$', 1)::integer), 0
    ) as batches

from delivery.items

where run_id = $run_id
    and batch_id is not null
