-- ops.control_totals of a transform: each cell is computed independently of the
-- models.

-- name: clear
-- A run that proves its totals again records them once.
delete from ops.control_totals

where run_id = $run_id
    and step in ('raw', 'canonical', 'excluded', 'quarantine');

-- name: unbalanced
-- Cells in which raw is not canonical + excluded + quarantine.
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
-- Records that are in none or in several of spend, excluded and quarantine, and
-- records there that raw.records does not have.
select
    source,
    stream,
    record_id,
    string_agg(places.place, ', ' order by places.place) as places

from (
    from raw.newest_records where stream in (select stream from kinds)
) as newest

full join canonical.placed_records as places
    using (source, stream, record_id)

group by source, stream, record_id

having count(places.place) != 1
    or count(newest.version) != 1

order by source, stream, record_id

limit 10;
