-- Newest spend records that became none or several of spend, excluded and
-- quarantine, and decided ones that are in no raw record.
with

newest as (

    select distinct
        source,
        stream,
        record_id

    from raw.records

    where stream in ('expenses', 'transactions')

),

places as (

    select source, stream, record_id, 'spend' as place
    from canonical.spend

    union all

    select source, stream, record_id, 'excluded' as place
    from canonical.excluded

    union all

    select source, stream, record_id, 'quarantine' as place
    from canonical.quarantine

)

select
    coalesce(newest.source, places.source) as source,
    coalesce(newest.stream, places.stream) as stream,
    coalesce(newest.record_id, places.record_id) as record_id,
    string_agg(places.place, ', ' order by places.place) as places

from newest

full join places
    on newest.source = places.source
    and newest.stream = places.stream
    and newest.record_id = places.record_id

group by all

having count(places.place) != 1
    or count(newest.source) != 1

order by source, stream, record_id

limit 10
