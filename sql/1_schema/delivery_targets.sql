-- name: 070_targets
-- One target that accepted, or may have accepted, something: an application at
-- an address of Productiv. Targets that a person called one and the same share
-- their application, so that a record accepted at one is not new at the other.
create table if not exists delivery.targets (
    -- address + '/' + app_id: base_url without scheme, in normal form
    target varchar not null,
    address varchar not null,
    app_id varchar not null,
    application varchar not null,        -- the first of those that are one
    first_run_id varchar not null
);

-- name: 084_marker
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
);
