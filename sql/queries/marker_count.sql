-- Counts one more load that posts.
update delivery.marker

set
    load_no = load_no + 1,
    run_id = $run_id,
    host = $host,
    folder = $folder,
    posted_at = $at::timestamptz
