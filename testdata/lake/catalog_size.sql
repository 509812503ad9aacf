-- The bytes that the catalog takes.
select pg_database_size(current_database());
