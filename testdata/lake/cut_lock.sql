-- Ends the connection that holds the lock of the lake whose catalog is this
-- database.
select pg_terminate_backend(locks.pid)

from pg_locks as locks

inner join pg_database as databases
    on locks.database = databases.oid

where locks.locktype = 'advisory'
    and databases.datname = current_database();
