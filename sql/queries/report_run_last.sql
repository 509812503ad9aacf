-- The last run that extracted, transformed or loaded, null for none.
select max(run_id) as run_id

from ops.stages

where stage in ('transform', 'snapshot', 'deliver', 'approve', 'publish')
    or starts_with(stage, 'extract/')
    or starts_with(stage, 'backfill/')
