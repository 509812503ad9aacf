-- What was delivered, and what was not.

-- name: states
-- What a run's items came to.
select
    state,
    kind,
    currency,
    count(*) as records,
    sum(amount)::decimal(38, 4)::varchar as amount

from delivery.items

where run_id = $run_id

group by state, kind, currency

order by state, kind, currency;

-- name: batches
-- The batches of a run, and those of any run that are in doubt.
select
    batch_id,
    target,
    state,
    records,
    status,
    message,
    planned_at

from delivery.batches

where run_id = $run_id
    or state = 'unknown'

order by planned_at, batch_id;

-- name: batch_money
-- The money in them.
select
    items.batch_id,
    items.currency,
    sum(items.amount)::decimal(38, 4)::varchar as amount

from delivery.items as items

inner join delivery.batches as batches
    on items.batch_id = batches.batch_id

where batches.run_id = $run_id
    or batches.state = 'unknown'

group by items.batch_id, items.currency

order by items.batch_id, items.currency;

-- name: changes
-- What the vendors' records did while a run lasted.
select
    source,
    stream,
    count(*) filter (where version = 1) as added,
    count(*) filter (where version > 1 and not tombstone) as changed,
    count(*) filter (where tombstone) as gone

from raw.records

where seen_at >= $started_at
    and seen_at <= $finished_at

group by source, stream

order by source, stream;

-- name: undelivered
-- What Productiv does not hold as canonical has it, in records and money.
select
    class,
    state,
    currency,
    count(*) as records,
    count(*) filter (reversed) as reversed,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (amount is null) as unreadable,
    min(since) as since,
    any_value(needs_attention) as needs_attention,
    settled

from delivery.undelivered

group by class, state, currency, settled

order by class, state, currency, settled;

-- name: undelivered_first
-- The largest records that need attention, as far as a page has room.
select
    spend_id,
    class,
    vendor,
    occurred_on::varchar as occurred_on,
    currency,
    amount::varchar as amount,
    reason,
    command

from delivery.undelivered

where not settled
    and class not in ('pending', 'not_due', 'touched', 'quarantined')

order by abs(coalesce(amount, 0)) desc, spend_id

limit $limit;
