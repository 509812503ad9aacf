-- name: 030_batches
-- One batch that was or is about to be sent. See etl/deliver for its states.
create table if not exists delivery.batches (

    ---------- ids
    batch_id varchar not null,
    parent_batch_id varchar,             -- the batch this is a half of
    run_id varchar not null,
    target varchar not null,             -- API host + '/' + app_id
    app_id varchar not null,
    settlement_id varchar,               -- the decision that moved it last

    ---------- text
    record_schema varchar not null,      -- finance, spend
    -- sending, pending, accepted, rejected, unknown, split
    state varchar not null,
    sha256 varchar not null,             -- of the exact body
    file varchar not null,               -- relative to the data folder
    message varchar,                     -- the server's, or the transport's
    request_id varchar,                  -- the server's x-request-id

    ---------- numerics
    attempt integer not null,            -- posts of this body so far
    records integer not null,
    first_no bigint not null,            -- its items lie between these
    last_no bigint not null,             -- ledger numbers
    status smallint,                     -- of the last HTTP answer

    ---------- booleans
    -- half of a batch that may have arrived
    doubtful boolean not null,

    ---------- timestamps
    planned_at timestamptz not null,
    sent_at timestamptz,                 -- when the last post began
    finished_at timestamptz
);

-- name: 075_batches_decision
alter table delivery.batches rename column settlement_id to decision_id;

-- name: 119_batches_worker
-- Who sent it last, see ops.workers; null on a warehouse that is a file. The
-- step is numbered before the next one, for no table can be altered in the
-- transaction that has updated it.
alter table delivery.batches add column if not exists worker varchar;

-- name: 132_batches_range
-- Each half of a batch has the ledger numbers of its own items from now on.
update delivery.batches

set
    first_no = items.first_no,
    last_no = items.last_no

from (

    select
        batch_id,
        min(ledger_no) as first_no,
        max(ledger_no) as last_no

    from delivery.items

    where batch_id is not null

    group by batch_id

) as items

where batches.batch_id = items.batch_id
    and (batches.first_no, batches.last_no)
        is distinct from (items.first_no, items.last_no);
