-- What the second run found of records that are not accepted.
insert into delivery.differences (
    spend_id, source, target, since_run_id, class, state, difference,
    currency, amount, settled, reversed
)

select
    spend_id,
    source,
    target,
    run_id,
    case state when 'unknown' then 'unknown' else 'new' end,
    state,
    'ab',
    currency,
    amount,
    false,
    false

from delivery.items

where state in ('unknown', 'rejected')
