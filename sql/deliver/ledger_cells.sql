-- The money of every record by state: what Productiv holds, what is in doubt,
-- and what the diff still has to send.
create or replace temp table ledger_cells as

with

items as (

    select
        source,
        application,
        spend_id,
        key,
        ledger_no,
        state,
        currency,
        -- As the JSON says: the diff has used the column amount.
        sent_amount as amount

    from diff_items

    where state in ('accepted', 'sending', 'unknown')

),

delivered as (

    select *

    from items

    where state = 'accepted'

    qualify ledger_no = max(ledger_no) over (partition by application, key)

),

-- A key sent again would take the place of what was accepted under it.
doubtful as (

    select source, currency, spend_id, amount
    from items
    where state != 'accepted'

    union all by name

    select
        delivered.source,
        delivered.currency,
        delivered.spend_id,
        -delivered.amount as amount

    from items

    inner join delivered
        on items.application = delivered.application
        and items.key = delivered.key

    where items.state != 'accepted'

),

open as (

    select
        * replace (
            case when class = 'unknown' then 'unsent_changes' else state end
                as state
        )

    from diff_states

    where class != 'touched'

),

-- While a record is in doubt, its change is counted against what Productiv
-- would hold if the doubtful item had arrived.
sides as (

    select source, currency, spend_id, state, amount
    from open
    where currency is not null

    union all by name

    select
        source,
        standing_currency as currency,
        spend_id,
        state,
        -standing_amount as amount

    from open

    where standing_currency is not null
        and class != 'unknown'

    union all by name

    select
        source,
        currency,
        spend_id,
        'unsent_changes' as state,
        -amount as amount

    from (from delivered union all by name from doubtful) as standing

    where spend_id in (select spend_id from open where class = 'unknown')

),

outstanding as (

    select
        source,
        currency,
        spend_id,
        state,
        sum(amount) as amount

    from sides

    group by source, currency, spend_id, state

    having state != 'unsent_changes' or sum(amount) != 0

)

select source, currency, spend_id, 'delivered' as state, amount
from delivered

union all by name

select source, currency, spend_id, 'unknown' as state, amount
from doubtful

union all by name

select * from outstanding
