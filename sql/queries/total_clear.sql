-- A run that proves its totals again states them once.
delete from ops.control_totals

where run_id = $run_id
    and step in ('raw', 'canonical', 'excluded', 'quarantine')
