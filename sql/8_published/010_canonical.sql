-- Runs with the file to publish as the default database: what is named here
-- without a database lies in it.
create schema canonical
