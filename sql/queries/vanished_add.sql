insert into raw.vanished (
    source, stream, record_id, run_id,
    detail, who, note,
    listed_at, accepted_at, closed_at
)

select
    $source as source,
    $stream as stream,
    unnest($record_ids) as record_id,
    $run_id as run_id,
    null as detail,
    null as who,
    null as note,
    $now as listed_at,
    null as accepted_at,
    null as closed_at
