-- For records that another target has: which one, and where they would go.
select distinct
    elsewhere.target as elsewhere,
    holds.target

from delivery.holds as holds

inner join (

    select
        spend_id,
        arg_max(target, ledger_no) as target

    from delivery.items

    where state = 'accepted'

    group by spend_id

) as elsewhere
    on holds.spend_id = elsewhere.spend_id

where holds.gate = 'target'

order by elsewhere.target, holds.target
