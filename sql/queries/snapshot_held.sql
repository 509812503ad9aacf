-- Snapshots whose load waits for an answer, a later run or a person: what a run
-- posted from, or would post from, must stay. It is the newest up to the run.
with

waiting as (

    select run_id

    from delivery.batches

    where state in ('sending', 'pending', 'unknown')

    union

    select run_id

    from delivery.holds

)

select max(snapshots.snapshot_id) as snapshot_id

from waiting

inner join ops.snapshots as snapshots
    on waiting.run_id >= snapshots.snapshot_id

group by waiting.run_id
