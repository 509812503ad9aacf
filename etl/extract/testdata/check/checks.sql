select
    check_name,
    subject,
    passed,
    expected,
    actual

from ops.checks

where check_name = $check_name

order by checked_at, subject
