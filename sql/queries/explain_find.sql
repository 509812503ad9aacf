-- The records that an id may mean: a spend id, the id a vendor gave, or the
-- key Productiv got.
with

known as (

    select spend_id, source, stream, record_id, 'spend' as state
    from canonical.spend

    union all by name

    select spend_id, source, stream, record_id, 'excluded' as state
    from canonical.excluded

    union all by name

    select spend_id, source, stream, record_id, 'quarantined' as state
    from canonical.quarantine

)

select
    spend_id,
    source,
    stream,
    record_id,
    state

from known

where spend_id = $id
    or record_id = $id
    or spend_id in (select spend_id from delivery.items where key = $id)

order by spend_id = $id desc, spend_id
