-- ops.checks: what a transform has proven, and what it warns of.

-- name: add
insert into ops.checks by name

select
    $run_id as run_id,
    'transform' as stage,
    $check_name as check_name,
    $source as source,
    $subject as subject,
    $passed as passed,
    $expected as expected,
    $actual as actual,
    $detail as detail,
    $checked_at::timestamptz as checked_at;

-- name: counts
select
    (
        select count(*)
        from pending_versions
        where stream in (select stream from kinds)
    ) as parsed,
    (select count(*) from canonical.spend) as spend;

-- name: reasons
-- What was left out of spend and why, with the amounts as received.
select
    if(place = 'excluded', place, 'quarantined') as place,
    source,
    reason,
    coalesce(source_currency, '?') as currency,
    count(*) as records,
    sum(source_amount)::varchar as source_amount

from canonical.placed_records

where place != 'spend'

group by all

order by place, source, reason, currency;

-- name: warnings
-- Sources whose every record could be read, and that may be wrong all the same:
-- a token without the right to view companies hides every vendor.
select
    source,
    'no vendor is visible; give the token''s user "View companies"' as warning

from canonical.spend

group by source

having count(*) = count_if(vendor_fallback)
    and count(*) >= 20

order by source;
