insert into staging.vendor_aliases (
    position,
    match,
    vendor,
    decision,
    who,
    decided_on
)
values (
    $position,
    $match,
    $vendor,
    $decision,
    nullif($who, ''),
    nullif($decided_on, '')::date
)
