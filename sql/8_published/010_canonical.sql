-- Runs with the file to publish as the default database: names without a
-- database refer to it.
create schema canonical
