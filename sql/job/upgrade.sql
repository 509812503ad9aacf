-- What an upgrade changes, in a warehouse that was upgraded and the one before.

-- name: attach
-- The warehouse before the upgrade. {location} is replaced by a quoted text:
-- attach takes no parameters.
attach {location} as earlier (read_only);

-- name: detach
detach earlier;

-- name: records
-- What became of the records, by what they were and what they are. Of those
-- that are still spend: how many have another amount, day, vendor or category.
with

was as (

    select 'spend' as state, spend_id, vendor, category, currency, amount,
        occurred_on
    from earlier.canonical.spend
    union all by name
    select 'excluded' as state, spend_id from earlier.canonical.excluded
    union all by name
    select 'in quarantine' as state, spend_id
    from earlier.canonical.quarantine

),

becomes as (

    select 'spend' as state, spend_id, vendor, category, currency, amount,
        occurred_on
    from canonical.spend
    union all by name
    select 'excluded' as state, spend_id from canonical.excluded
    union all by name
    select 'in quarantine' as state, spend_id from canonical.quarantine

)

select
    coalesce(was.state, 'nothing') as was,
    coalesce(becomes.state, 'nothing') as becomes,
    count(*) as records,
    count_if(
        was.state = becomes.state
        and (was.amount, was.currency)
        is distinct from (becomes.amount, becomes.currency)
    ) as amounts,
    count_if(
        was.state = becomes.state
        and was.occurred_on is distinct from becomes.occurred_on
    ) as days,
    count_if(
        was.state = becomes.state
        and was.vendor is distinct from becomes.vendor
    ) as vendors,
    count_if(
        was.state = becomes.state
        and was.category is distinct from becomes.category
    ) as categories

from was

full outer join becomes
    on was.spend_id = becomes.spend_id

group by all

order by was, becomes;

-- name: names
-- Vendors of spend that have another name, those of most records first.
select
    was.vendor as was,
    becomes.vendor as becomes,
    count(*) as records

from earlier.canonical.spend as was

inner join canonical.spend as becomes
    on was.spend_id = becomes.spend_id
    and was.vendor is distinct from becomes.vendor

group by all

order by records desc, was

limit 5;
