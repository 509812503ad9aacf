select
    marker_id,
    inode,
    born,
    load_no,
    run_id,
    host,
    folder,
    posted_at

from delivery.marker
