select max(run_id) as run_id

from ops.control_totals

where run_id < $run_id
    and step = 'canonical'
