-- Targets that are in the ledger in the form that older versions wrote.
select
    target,
    any_value(app_id) as app_id,
    arg_min(run_id, first_no) as first_run_id

from delivery.batches

where target not in (select target from delivery.targets)

group by target

order by target
