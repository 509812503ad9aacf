-- ops.control_totals of a transform: each cell is computed independently of the
-- models.

-- name: clear
-- A run that proves its totals again records them once.
delete from ops.control_totals

where run_id = $run_id
    and step in ('raw', 'canonical', 'excluded', 'quarantine');

-- name: unbalanced
select
    source,
    currency,
    raw_records,
    raw_records - missing_records as accounted_records,
    raw_amount::varchar as raw_amount,
    (raw_amount - missing_amount)::varchar as accounted_amount

from ops.received_totals

where run_id = $run_id
    and not balanced

order by source, currency;

-- name: misplaced
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

limit 10;
