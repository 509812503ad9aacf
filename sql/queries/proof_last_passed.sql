select
    detail,
    checked_at

from ops.checks

where check_name = $check_name
    and source = $source
    and subject = $subject
    and passed
    and checked_at <= $now    -- a clock that was ahead

order by checked_at desc

limit 1
