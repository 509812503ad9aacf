-- ops.lease and ops.workers: which process works on a lake. The statements lock
-- and alive run in PostgreSQL.

-- name: lock
select pg_try_advisory_lock(hashtextextended('spendbridge ' || $1, 0));

-- name: alive
select 1;

-- name: holder
select
    workers.host,
    workers.pid,
    workers.command,
    workers.started_at

from ops.lease as lease

inner join ops.workers as workers
    on lease.worker = workers.worker;

-- name: epoch
select epoch from ops.lease;

-- name: take
update ops.lease

set
    epoch = $epoch,
    worker = $worker,
    transactions = 0

where epoch < $epoch;

-- name: add
insert into ops.workers by name

select
    $worker as worker,
    $epoch as epoch,
    $host as host,
    $pid as pid,
    $command as command,
    $started_at::timestamptz as started_at;

-- name: hold
-- No row is changed once another worker has taken over. Both columns in one
-- comparison: for a condition on one column a lake asks PostgreSQL first which
-- files it rules out, which takes longer than the update.
update ops.lease

set transactions = transactions + 1

where (epoch, worker) = ($epoch, $worker);
