select
    detail,
    checked_at

from ops.checks

where check_name = $check_name
    and source = $source
    and subject = $subject
    and passed

order by run_id desc, checked_at desc

limit 1
