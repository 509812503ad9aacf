-- The newest run whose transform made what canonical holds now.
select coalesce(max(run_id), '') as run_id

from ops.stages

where stage = 'transform'
    and status in ('ok', 'needs_person')
