insert into delivery.marker by name

select
    $marker_id as marker_id,
    $inode as inode,
    $born as born,
    $load_no as load_no,
    $run_id as run_id,
    $host as host,
    $folder as folder,
    $at::timestamptz as posted_at
