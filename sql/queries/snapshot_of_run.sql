select manifest::varchar as manifest

from ops.snapshots

where run_id = $run_id
