-- Runs that say they are running while another one begins were killed.
update ops.runs

set
    status = $status,
    error = $error,
    finished_at = $finished_at

where status = 'running'
