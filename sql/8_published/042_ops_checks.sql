create table ops.checks as

select
    run_id,
    stage,
    check_name,
    source,
    subject,
    passed,
    expected,
    actual,
    detail,
    checked_at

from warehouse.ops.checks
