-- One row: the last load that posted, and the file data/.ledger that says so
-- beside the warehouse. A copy or an older state of the folder does not agree
-- with its marker.
create table if not exists delivery.marker (
    marker_id varchar not null,          -- random, also in the file
    inode varchar not null,              -- of the file
    born varchar not null,               -- when it was made, '' = not known
    load_no bigint not null,             -- 1 … of the loads that posted
    run_id varchar not null,
    host varchar not null,
    folder varchar not null,
    posted_at timestamptz not null
)
