-- name: 085_source_loads
-- One source, as the newest load saw it.
create table if not exists delivery.source_loads (
    source varchar not null,
    run_id varchar not null,
    -- the newest load that held nothing of it, null = none yet
    unheld_run_id varchar,
    -- of the settings that decide what is due
    settings_hash varchar not null
);

-- name: 086_waiting
-- One record that was not due in the newest load, and why. What becomes due
-- although the vendor changed nothing became so by a changed setting. Rows of
-- quarantine are as of the newest load that held nothing of their source.
create table if not exists delivery.waiting (
    spend_id varchar not null,
    source varchar not null,
    -- excluded, quarantine, early (before post_from)
    place varchar not null,
    record_version integer not null
);

-- name: 087_undelivered
-- One record that Productiv does not hold as canonical has it, as of the newest
-- load or decision.
create table if not exists delivery.undelivered (

    ---------- ids
    spend_id varchar not null,
    source varchar not null,
    target varchar,
    since_run_id varchar not null,       -- the run that found it so first

    ---------- text
    -- new, changed, touched, withdrawn, frozen, not_due, unknown
    class varchar not null,
    -- held, pending, rejected, unknown, not_due, unsent_changes
    state varchar not null,
    difference varchar not null,         -- what it is about: md5
    reason varchar,
    currency varchar,                    -- of canonical, else as delivered

    ---------- numerics
    amount decimal(18, 4),               -- what posting it would add

    ---------- booleans
    settled boolean not null,            -- a person signed for it
    -- reversed at Productiv, its new version is not there
    reversed boolean not null
);

-- name: 100_differences
alter table delivery.undelivered rename to differences;

-- name: 103_undelivered
-- One record that Productiv does not hold as canonical has it, in the class in
-- which people settle it. Everything that lists such records reads this view.
create or replace view delivery.undelivered as

with

-- The newest refusal of each record. One without a batch was refused here.
refusals as (

    select
        spend_id,
        max_by(
            {'message': message, 'batch_id': batch_id}, ledger_no
        ) as newest

    from delivery.items

    where state = 'rejected'

    group by spend_id

),

doubts as (

    select
        spend_id,
        max(batch_id) as batch_id

    from delivery.items

    where state in ('unknown', 'sending')

    group by spend_id

),

holds as (

    select
        spend_id,
        min(gate) as gate

    from delivery.holds

    group by spend_id

),

differing as (

    select
        differences.spend_id,
        differences.source,
        differences.target,
        differences.since_run_id,
        differences.difference,
        differences.currency,
        differences.amount,
        differences.settled,
        differences.reversed,
        differences.class as difference_class,
        differences.state,
        case
            when differences.state = 'unsent_changes' then differences.class
            when differences.state != 'rejected' then differences.state
            when refusals.newest.batch_id is null then 'invalid'
            else 'rejected'
        end as class,
        case differences.state
            when 'rejected' then refusals.newest.message
            when 'held' then holds.gate
            else differences.reason
        end as reason,
        doubts.batch_id

    from delivery.differences as differences

    left join refusals
        on differences.spend_id = refusals.spend_id

    left join doubts
        on differences.spend_id = doubts.spend_id

    left join holds
        on differences.spend_id = holds.spend_id

),

-- Quarantined and never delivered. What was delivered is frozen.
quarantined as (

    select
        quarantine.spend_id,
        quarantine.source,
        '' as since_run_id,
        quarantine.currency,
        quarantine.amount,
        false as settled,
        false as reversed,
        'quarantined' as class,
        'quarantined' as state,
        quarantine.reason

    from canonical.quarantine as quarantine

    anti join delivery.differences as differences
        on quarantine.spend_id = differences.spend_id

),

-- Spend that no load has seen yet.
pending as (

    select
        spend.spend_id,
        spend.source,
        '' as since_run_id,
        spend.currency,
        spend.amount,
        false as settled,
        false as reversed,
        'pending' as class,
        'pending' as state

    from canonical.spend as spend

    anti join delivery.differences as differences
        on spend.spend_id = differences.spend_id

    anti join delivery.items as items
        on spend.spend_id = items.spend_id

),

listed as (

    select * from differing
    union all by name
    select * from quarantined
    union all by name
    select * from pending

)

select
    listed.*,
    coalesce(
        spend.vendor, quarantine.vendor_raw, excluded.vendor_raw
    ) as vendor,
    coalesce(
        spend.occurred_on, quarantine.occurred_on, excluded.occurred_on
    ) as occurred_on,
    date_trunc('month', coalesce(
        spend.occurred_on, quarantine.occurred_on, excluded.occurred_on
    ))::date as month,
    runs.started_at as since,
    not listed.settled and listed.class in (
        'changed', 'withdrawn', 'rejected', 'invalid', 'unknown', 'held'
    ) as needs_attention,
    case
        when listed.settled then null
        when listed.class = 'unknown'
            then 'spendbridge settle ' || listed.batch_id || ' --accepted'
        when listed.class in ('rejected', 'invalid')
            then 'spendbridge settle ' || listed.spend_id || ' --retry'
        when listed.class in ('changed', 'withdrawn', 'frozen')
            then 'spendbridge settle ' || listed.spend_id || ' --dismiss'
        when listed.class = 'held' then 'spendbridge load --approve'
        when listed.class = 'quarantined'
            then 'spendbridge quarantine show ' || listed.spend_id
    end as command

from listed

left join canonical.spend as spend
    on listed.spend_id = spend.spend_id

left join canonical.quarantine as quarantine
    on listed.spend_id = quarantine.spend_id

left join canonical.excluded as excluded
    on listed.spend_id = excluded.spend_id

left join ops.runs as runs
    on listed.since_run_id = runs.run_id;

-- name: 111_source_loads_models
-- Of the SQL that makes spend; null = of a version before this column.
alter table delivery.source_loads
add column models_hash varchar;
