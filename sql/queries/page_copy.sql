insert into raw.pages (
    page_id, run_id, source, stream, read_id,
    purpose, record_id, window_from, window_to, method, url, sha256, file,
    next_cursor, paging, outcome, message, faults,
    pass, page_number, status, bytes, records, expected,
    landed,
    fetched_at
)
values (
    $page_id, $run_id, $source, $stream, $read_id,
    $purpose, $record_id, $window_from, $window_to, $method, $url, $sha256,
    $file,
    $next_cursor, $paging, $outcome, $message, $faults,
    $pass, $page_number, $status, $bytes, $records, $expected,
    false,
    $fetched_at
)
