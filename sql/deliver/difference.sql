-- delivery.differences: what differs at Productiv, and which run reported it.

-- name: untold
-- What needs attention and no run has reported yet: what was rejected, what the
-- policy does not post.
select
    class,
    currency,
    count(*) as records,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount,
    count(*) filter (amount is null) as unreadable

from delivery.undelivered

where since_run_id = $run_id
    and needs_attention
    and class in ('changed', 'withdrawn', 'rejected', 'invalid')

group by class, currency

order by class, currency;

-- name: untell
-- What only a run found that never ended was not reported.
update delivery.differences

set since_run_id = ''

where since_run_id in (
    select run_id from ops.runs where status = 'running'
);

-- name: save_sources
-- Keeps how the newest load saw each source.
merge into delivery.source_loads as source_loads

using (

    select
        sources.source,
        $run_id as run_id,
        $settings_hash as settings_hash,
        $models_hash as models_hash,
        case when holds.source is null then $run_id else before.unheld_run_id
        end as unheld_run_id

    from (select distinct source from canonical.placed_records) as sources

    left join (select distinct source from delivery.holds) as holds
        on sources.source = holds.source

    left join delivery.source_loads as before
        on sources.source = before.source

) as found
    on source_loads.source = found.source

when matched then
    update by name

when not matched then
    insert by name;

-- name: save_waiting
-- Keeps what is not due, so that the next load sees what becomes due by a
-- changed setting. A source of which something is held keeps its quarantine as
-- it was when nothing was.
merge into delivery.waiting as waiting

using (

    select spend_id, source, place, record_version
    from canonical.placed_records
    where place = 'excluded'
        or place = 'quarantine'
        and source not in (select source from delivery.holds)

    union all by name

    select spend_id, source, 'early' as place, record_version
    from canonical.spend
    where spend_id in (select spend_id from diff where class = 'not_due')
        and occurred_on < $post_from::date

    union all by name

    select spend_id, source, place, record_version
    from delivery.waiting
    where place = 'quarantine'
        and source in (select source from delivery.holds)

) as found
    on waiting.spend_id = found.spend_id
    and waiting.place = found.place
    and waiting.record_version = found.record_version

when not matched then
    insert by name

when not matched by source then
    delete;

-- name: save
-- Stores what the diff found. A record that is found as it was keeps the run
-- that found it so first.
merge into delivery.differences as differences

using (

    select
        spend_id,
        source,
        target,
        class,
        state,
        difference,
        reason,
        settled,
        reversed,
        coalesce(currency, standing_currency) as currency,
        case
            when currency = standing_currency then amount - standing_amount
            else coalesce(amount, -standing_amount)
        end as amount,
        $run_id as since_run_id

    from diff_states

) as found
    on differences.spend_id = found.spend_id

when matched and (
    differences.difference != found.difference
    or differences.state != found.state
    or differences.class != found.class
    or differences.settled != found.settled
    or differences.since_run_id = ''
) then update set
    source = found.source,
    target = found.target,
    class = found.class,
    state = found.state,
    difference = found.difference,
    reason = found.reason,
    settled = found.settled,
    reversed = found.reversed,
    currency = found.currency,
    amount = found.amount,
    since_run_id = case
        when differences.since_run_id != ''
            and differences.difference = found.difference
            and differences.state = found.state
            then differences.since_run_id
        else found.since_run_id
    end

when not matched then
    insert by name;

-- name: drop
-- Forgets what the diff does not find any more.
delete from delivery.differences

where spend_id not in (select spend_id from diff_states);
