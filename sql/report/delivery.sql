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
-- What the vendors' records did while a run lasted, and what of it is spend
-- now, in the reporting currency.
select
    seen.source,
    seen.stream,
    count(*) filter (seen.version = 1) as added,
    count(*) filter (seen.version > 1 and not seen.tombstone) as changed,
    count(*) filter (seen.tombstone) as gone,
    coalesce(
        (
            sum(spend.amount_reporting) filter (seen.version = 1)
        )::decimal(38, 4)::varchar,
        ''
    ) as added_amount,
    coalesce(
        (
            sum(spend.amount_reporting) filter (seen.version > 1)
        )::decimal(38, 4)::varchar,
        ''
    ) as changed_amount

from raw.records as seen

left join canonical.spend as spend
    on seen.source = spend.source
    and seen.stream = spend.stream
    and seen.record_id = spend.record_id
    and seen.version = spend.record_version

where seen.seen_at >= $started_at
    and seen.seen_at <= $finished_at

group by seen.source, seen.stream

order by seen.source, seen.stream;

-- name: undelivered
-- What Productiv does not hold as canonical has it, in records and money.
select
    class,
    state,
    currency,
    count(*) as records,
    count(*) filter (reversed) as reversed,
    sum(amount)::decimal(38, 4)::varchar as amount,
    count(*) filter (amount is null) as unreadable,
    min(since) as since,
    any_value(needs_attention) as needs_attention,
    settled

from delivery.undelivered

group by class, state, currency, settled

order by class, state, currency, settled;

-- name: largest
-- The largest records that Productiv does not hold as spend has them, as far as
-- a page has room: those in quarantine that it never had, or those to settle.
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

where if(
    $quarantined,
    class = 'quarantined',
    not settled
    and class not in ('pending', 'not_due', 'touched', 'quarantined')
)

order by abs(coalesce(amount, 0)) desc, spend_id

limit $limit;

-- name: decisions
-- What people decided after the run before had ended and before the run after
-- began, the newest first. A run without stages is such a decision itself.
with

bounds as (

    select
        max(coalesce(finished_at, started_at)) filter (
            run_id < $run_id
        ) as after,
        min(started_at) filter (run_id > $run_id) as before

    from ops.runs

    where run_id in (select run_id from ops.stages)

)

select
    decisions.decided_at,
    decisions.decided_by,
    decisions.decision,
    decisions.subject,
    decisions.note

from delivery.decisions as decisions

cross join bounds

where (bounds.after is null or decisions.decided_at > bounds.after)
    and (bounds.before is null or decisions.decided_at < bounds.before)

order by decisions.decided_at desc, decisions.decision_id desc

limit $limit;
