select
    read_id,
    purpose,
    state,
    window_from,
    window_to,
    started_at,
    updated_at

from raw.cursors

where job_id = $job_id

order by
    purpose,
    window_from
