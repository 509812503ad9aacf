-- What only a run has found that never ended, nobody was told.
update delivery.differences

set since_run_id = ''

where since_run_id in (
    select run_id from ops.runs where status = 'running'
)
