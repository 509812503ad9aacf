-- The list of currencies is a view that the first transform makes.
select count(*) > 0 as known

from information_schema.tables

where table_catalog = current_database()
    and table_schema = 'staging'
    and table_name = 'seed_currencies'
