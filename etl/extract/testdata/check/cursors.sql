select
    job_id,
    purpose,
    window_from,
    state

from raw.cursors

order by
    job_id,
    window_from
