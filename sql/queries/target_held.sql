-- The records that the gate of the target held in the last load, and where
-- they are.
select
    count(*) as records,
    coalesce(to_json(list({
        'spend_id': undelivered.spend_id, 'target': places.target
    } order by undelivered.spend_id)), '[]')::varchar as covers

from (
    select distinct spend_id from delivery.holds where gate = 'target'
) as undelivered

inner join (

    select
        spend_id,
        arg_max(target, ledger_no) as target

    from delivery.items

    where state = 'accepted'

    group by spend_id

) as places
    on undelivered.spend_id = places.spend_id
