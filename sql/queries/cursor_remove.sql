delete from raw.cursors where job_id = $job_id
