-- Runs whose load waits for an answer, a later run or a person: what they
-- posted from, or would post from, must stay.
select run_id

from delivery.batches

where state in ('sending', 'pending', 'unknown')

union

select run_id

from delivery.holds
