delete from ops.control_totals
where run_id = $run_id
    and step = 'ledger'
