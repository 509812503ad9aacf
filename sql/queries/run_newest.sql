select coalesce(max(run_id), '') as run_id from ops.runs
