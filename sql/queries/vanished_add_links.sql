insert into raw.vanished (
    source, stream, record_id, run_id,
    detail, who, note,
    listed_at, accepted_at, closed_at
)
values (
    $source, $stream, null, $run_id,
    $detail, null, null,
    $now, null, null
)
