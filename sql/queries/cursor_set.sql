update raw.cursors

set
    run_id = $run_id,
    read_id = $read_id,
    state = $state,
    updated_at = $now

where job_id = $job_id
    and purpose = $purpose
    and window_from is not distinct from $window_from
