-- name: 153_lease
-- Which process works on the warehouse, if it is a lake that several machines
-- share: one row. Every transaction of that process updates it, and so fails
-- once another process has raised the epoch. Of a file it stays as it is.
create table if not exists ops.lease (
    epoch bigint not null,               -- raised by each worker
    worker varchar not null,             -- in ops.workers
    transactions bigint not null         -- of this epoch
);

-- name: 154_lease_first
insert into ops.lease by name

select
    0 as epoch,
    '' as worker,
    0 as transactions

where not exists (select 1 as one from ops.lease);

-- name: 155_workers
-- One process that worked on the lake.
create table if not exists ops.workers (
    worker varchar not null,             -- a random id
    epoch bigint not null,
    host varchar not null,
    pid bigint not null,
    command varchar not null,
    started_at timestamptz not null
);
