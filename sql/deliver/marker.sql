-- delivery.marker: the identity of the folder that posted last.

-- name: read
select
    marker_id,
    inode,
    born,
    load_no,
    run_id,
    host,
    folder,
    posted_at

from delivery.marker;

-- name: count
-- Counts one more load that posts.
update delivery.marker

set
    load_no = load_no + 1,
    run_id = $run_id,
    host = $host,
    folder = $folder,
    posted_at = $at::timestamptz;

-- name: add
insert into delivery.marker by name

select
    $marker_id as marker_id,
    $inode as inode,
    $born as born,
    $load_no as load_no,
    $run_id as run_id,
    $host as host,
    $folder as folder,
    $at::timestamptz as posted_at;

-- name: set
update delivery.marker set load_no = $load_no;
