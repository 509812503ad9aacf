-- The newest check of each subject that was passed.
select
    subject,
    arg_max(detail, checked_at) as detail,
    max(checked_at) as checked_at

from ops.checks

where check_name = $check_name
    and source = $source
    and passed
    and checked_at <= $now    -- a clock that was ahead

group by subject
