-- Runs with the file to publish as the default database: names without a
-- database are in that file.
create schema canonical
