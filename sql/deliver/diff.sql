-- Canonical spend against what the ledger says was delivered.

-- name: rest
-- The records of canonical that are compared one by one. Found once, by their
-- ids alone: most loads have few, and then nothing else of canonical is read.
create or replace temp table diff_rest as

select spend.spend_id

from canonical.spend as spend

anti join diff_same as same
    on spend.spend_id = same.spend_id;

-- name: others
-- The items of all other records of the ledger, whatever became of them.
create or replace temp table diff_others as

with

others as (

    select items.ledger_no

    from delivery.planned_items as items

    anti join diff_same as same
        on items.spend_id = same.spend_id

)

select
    items.* exclude (payload),
    coalesce(targets.application, items.target) as application

from delivery.items as items

semi join others
    on items.ledger_no = others.ledger_no

left join delivery.targets as targets
    on items.target = targets.target

where items.state != 'planned';

-- name: items
-- The items that count: all that are on their way or in doubt, wherever, and
-- of the others those at the record's home.
create or replace temp view diff_items as

select items.*

from diff_others as items

inner join diff_homes as homes
    on items.spend_id = homes.spend_id

where items.state in ('sending', 'unknown')
    or items.application = homes.application;

-- name: left
-- What a load leaves as it is, in records and money, as it was kept.
select
    class,
    state,
    source,
    coalesce(currency, '') as currency,
    count(*) as records,
    coalesce(sum(amount), 0)::decimal(38, 4)::varchar as amount

from delivery.differences

where state in ('not_due', 'rejected', 'unknown', 'unsent_changes')

group by all

order by class, state, source, currency;

-- name: reverses
select exists (select 1 as one from diff where action = 'reverse') as reverses;

-- name: counts
-- The diff in records: by class, what of them would be posted, held ones
-- included, and what is open. What was rejected before is not new.
select
    count(*) filter (class = 'new' and state != 'rejected') as new,
    count(*) filter (class = 'changed') as changed,
    count(*) filter (class = 'touched') as touched,
    count(*) filter (class = 'withdrawn') as withdrawn,
    count(*) filter (class = 'frozen') as frozen,
    count(*) filter (class = 'not_due') as not_due,
    count(*) filter (class = 'new' and is_due) as post_new,
    count(*) filter (class = 'changed' and is_due) as post_changed,
    count(*) filter (class = 'touched' and is_due) as post_touched,
    count(*) filter (class = 'withdrawn' and is_due) as post_withdrawn,
    count(*) filter (state = 'unknown') as unknown,
    count(*) filter (state = 'held') as held,
    count(*) filter (state = 'pending') as pending,
    count(*) filter (state = 'rejected') as rejected_in_total,
    count(*) filter (
        state = 'rejected' and class in ('changed', 'withdrawn')
    ) as stuck,
    count(*) filter (reversed and not settled) as reversed,
    bool_or(action = 'reverse') as reverses

from (
    select
        *,
        state in ('pending', 'held') as is_due
    from diff_states
) as states;

-- name: money
-- The diff in money: what each class would add at Productiv. A record whose
-- currency changed counts in both.
with

sides as (

    select class, is_rejected, source, spend_id, currency, amount
    from diff
    where currency is not null

    union all by name

    select
        class,
        is_rejected,
        source,
        spend_id,
        standing_currency as currency,
        -standing_amount as amount

    from diff

    where standing_currency is not null

)

select
    case when is_rejected then 'rejected' else class end as class,
    source,
    currency,
    count(distinct spend_id) as records,
    sum(amount)::varchar as amount

from sides

group by all

order by class, source, currency;

-- name: states
-- The diff with the state of the ledger that each record counts in.
create or replace temp view diff_states as

select
    diff.*,
    case
        when class = 'unknown' then 'unknown'
        when is_rejected then 'rejected'
        when spend_id in (
            select spend_id from item_draft where gate is not null
        ) then 'held'
        when class = 'not_due' then 'not_due'
        when class = 'new' or action != 'list' then 'pending'
        else 'unsent_changes'
    end as state

from diff;

-- name: first
-- The first records of the draft as they are at Productiv and as they would
-- be posted.
select
    draft.spend_id,
    draft.class,
    draft.kind,
    draft.key,
    draft.gate,
    standing.payload as before,
    draft.payload as after

from item_draft as draft

inner join diff
    on draft.spend_id = diff.spend_id

left join delivery.planned_items as standing
    on diff.standing_no = standing.ledger_no

order by
    draft.class = 'new', draft.occurred_on, draft.spend_id, draft.follows

limit $most;

-- name: targets
-- One row per source that canonical or the ledger knows: where its records go,
-- and which application that is. $configured maps sources to targets, $target
-- is that of all others; a source that is sent nowhere keeps the target that
-- its newest item went to, if there is one.
create or replace temp table diff_targets as

with

placed as (

    select
        coalesce(spend.source, items.source) as source,
        coalesce(
            nullif(coalesce(
                cast($configured::json as map(varchar, varchar))[
                    coalesce(spend.source, items.source)
                ],
                $target
            ), ''),
            items.target
        ) as target

    from (select distinct source from canonical.spend) as spend

    full outer join (

        select
            source,
            arg_max(target, ledger_no) as target

        from delivery.planned_items

        group by source

    ) as items
        on spend.source = items.source

)

select
    placed.*,
    coalesce(targets.application, placed.target) as application

from placed

left join delivery.targets as targets
    on placed.target = targets.target

where placed.target is not null;

-- name: months
-- What would be posted, by month; with $held what the gates hold of it. A
-- record whose currency changed counts in both, and so does one that changed
-- its month.
select
    draft.class,
    draft.source,
    draft.currency,
    strftime(draft.occurred_on, '%Y-%m') as month,
    count(distinct draft.spend_id) as records,
    sum(
        draft.amount - case
            when draft.kind = 'resend'
                and draft.currency = diff.standing_currency
                then diff.standing_amount
            else 0
        end
    )::varchar as amount

from item_draft as draft

inner join diff
    on draft.spend_id = diff.spend_id

where not $held::boolean
    or draft.gate is not null

group by all

order by draft.class, draft.source, draft.currency, month;

-- name: vendors
-- The vendors with most records in what would be posted; with $held in what
-- the gates hold of it.
select
    spend.vendor,
    draft.currency,
    count(*) as records,
    sum(draft.amount)::varchar as amount

from item_draft as draft

inner join canonical.spend as spend
    on draft.spend_id = spend.spend_id

where not $held::boolean
    or draft.gate is not null

group by spend.vendor, draft.currency

order by sum(abs(draft.amount)) desc, spend.vendor, draft.currency

limit $most;
