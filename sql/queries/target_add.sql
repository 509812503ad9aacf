insert into delivery.targets by name

select
    $target as target,
    $address as address,
    $app_id as app_id,
    $target as application,
    $run_id as first_run_id

where $target not in (select target from delivery.targets)
