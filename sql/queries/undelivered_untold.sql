-- What needs attention and no run has told yet: what Productiv refused, what
-- the policy does not post.
select
    count(*) filter (state = 'rejected') as rejected,
    count(*) filter (class = 'changed' and state = 'unsent_changes')
        as changed,
    count(*) filter (class = 'withdrawn' and state = 'unsent_changes')
        as withdrawn

from delivery.undelivered

where since_run_id = $run_id
    and not settled
